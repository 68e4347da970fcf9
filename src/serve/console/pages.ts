/** Every page there is, in the order of the menu, and every file that can be saved. page.ts says what a row is. */
import type { AnyPage, Download } from './page.ts';
import { overviewPage } from './pages/overview.ts';

export const PAGES: readonly AnyPage[] = [overviewPage];

export const DOWNLOADS: readonly Download[] = [];
