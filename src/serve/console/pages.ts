/** Every page there is, in the order of the menu, and every file that can be saved. page.ts says what a row is. */
import { readSavedBody } from './event-facts.ts';
import { readSavedEvents } from './list-facts.ts';
import type { AnyPage, Download } from './page.ts';
import { chartsPage } from './pages/charts.ts';
import { confirmPage } from './pages/confirm.ts';
import { eventPage } from './pages/event.ts';
import { eventsPage } from './pages/events.ts';
import { overviewPage } from './pages/overview.ts';

export const PAGES: readonly AnyPage[] = [overviewPage, eventsPage, confirmPage, eventPage, chartsPage];

export const DOWNLOADS: readonly Download[] = [
  { path: '/events.ndjson', read: readSavedEvents },
  { path: '/events/:id/body', read: readSavedBody },
];
