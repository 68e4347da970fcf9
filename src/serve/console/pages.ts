/** Every page there is, in the order of the menu, and every file that can be saved. page.ts says what a row is. */
import { readSavedBody } from './event-facts.ts';
import { readSavedEvents } from './list-facts.ts';
import type { AnyPage, Download } from './page.ts';
import { aboutPage } from './pages/about.ts';
import { actionPage, actionsPage } from './pages/actions.ts';
import { alarmsPage } from './pages/alarms.ts';
import { chartsPage } from './pages/charts.ts';
import { checklistPage } from './pages/checklist.ts';
import { confirmPage } from './pages/confirm.ts';
import { eventPage } from './pages/event.ts';
import { eventsPage } from './pages/events.ts';
import { failuresPage } from './pages/failures.ts';
import { handlersPage } from './pages/handlers.ts';
import { livePage } from './pages/live.ts';
import { overviewPage } from './pages/overview.ts';
import { refusedDiscardPage, refusedOnePage, refusedPage, refusedRecheckPage } from './pages/refused.ts';
import { sourcePage, sourcesPage } from './pages/sources.ts';

export const PAGES: readonly AnyPage[] = [
  overviewPage,
  eventsPage,
  confirmPage,
  eventPage,
  failuresPage,
  refusedPage,
  refusedDiscardPage,
  refusedRecheckPage,
  refusedOnePage,
  handlersPage,
  sourcesPage,
  sourcePage,
  chartsPage,
  alarmsPage,
  checklistPage,
  actionsPage,
  actionPage,
  livePage,
  aboutPage,
];

export const DOWNLOADS: readonly Download[] = [
  { path: '/events.ndjson', read: readSavedEvents },
  { path: '/events/:id/body', read: readSavedBody },
];
