/** Every page in a real browser: light, dark, without JavaScript and on a phone, with nothing to complain of. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PAGES } from '../../src/serve/console/pages.ts';
import { startConsole, type TestConsole } from '../harness/console.ts';
import { consolePaths } from '../harness/console-paths.ts';
import {
  hasBrowser,
  overflowOf,
  startBrowser,
  type TestBrowser,
  VIEWS,
  type ViewName,
  violationsOn,
} from './browser.ts';

describe.runIf(hasBrowser)('every page', () => {
  let console: TestConsole;
  let browser: TestBrowser;
  beforeAll(async () => {
    [console, browser] = await Promise.all([
      startConsole({ night: { events: 4_000, now: Date.now() } }),
      startBrowser(),
    ]);
  });
  afterAll(() => Promise.all([console.close(), browser.close()]));

  test.each(Object.keys(VIEWS) as ViewName[])('%s', async (name) => {
    const { page, complaints } = await browser.open(VIEWS[name]);
    const faults: string[] = [];
    for (const { path: of } of PAGES) {
      const paths = await consolePaths(console.url, of);
      // What differs by the query is a part of the same page, and looks alike in all.
      const isWhole = name === 'light' || name === 'on 360 pixels';
      for (const [at, path] of (isWhole ? paths : paths.slice(0, 1)).entries()) {
        await page.goto(`${console.url}${path}`);
        const isJudged = at === 0 && name !== 'without JavaScript';
        const found = isJudged ? await violationsOn(page) : [];
        const overflow = name === 'without JavaScript' ? 0 : await overflowOf(page);
        faults.push(...[...complaints.splice(0), ...found].map((one) => `${path}: ${one}`));
        if (overflow > 0) faults.push(`${path}: wider than the window by ${overflow}`);
      }
    }
    expect(faults).toEqual([]);
  });
});
