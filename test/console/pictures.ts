/**
 * `node test/console/pictures.ts [folder]`: pictures of the console with a realistic night in it, those of the README in docs/pictures if
 * no folder is given; with one, of every page, in light and dark and on a phone, to be looked at.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES } from '../../src/serve/console/pages.ts';
import { startConsole } from '../harness/console.ts';
import { PARCEL } from '../harness/console-night.ts';
import { consolePaths } from '../harness/console-paths.ts';
import { ROOT } from '../harness/project.ts';
import { startBrowser, VIEWS } from './browser.ts';

const SHOWN = [
  { name: 'overview', path: '/', view: VIEWS.light },
  { name: 'events', path: '/events', view: VIEWS.light },
  { name: 'event', path: '/events/:id', view: VIEWS.dark },
  { name: 'charts', path: '/charts?span=7d', view: VIEWS.dark },
] as const;

const [folder] = process.argv.slice(2);
const console = await startConsole({ night: { events: folder ? 5_000 : 100_000, now: Date.now() } });
const browser = await startBrowser();
const target = folder ?? join(ROOT, 'docs/pictures');
mkdirSync(target, { recursive: true });
try {
  if (folder === undefined) for (const { name, path, view } of SHOWN) await take(name, await one(path), view);
  else await takeAll();
} finally {
  await browser.close();
  await console.close();
}

async function takeAll(): Promise<void> {
  for (const [name, view] of Object.entries(VIEWS)) {
    for (const { path: of } of PAGES) {
      for (const [at, path] of (await consolePaths(console.url, of)).entries()) {
        const file = `${of.slice(1).replaceAll(/\W+/g, '-') || 'overview'}-${at}.${name.replaceAll(' ', '-')}`;
        await take(file, path, {
          ...view,
          viewport: { width: name.includes('360') ? 360 : 1280, height: 2_000 },
        });
      }
    }
  }
}

/** The last event of the parcel, where the page is of one. */
async function one(path: string): Promise<string> {
  const found = (await (await fetch(`${console.url}/events?q=${PARCEL}`)).json()) as {
    events: { id: string }[];
  };
  return path.replace(':id', found.events[0]?.id ?? '');
}

async function take(name: string, path: string, view: object): Promise<void> {
  const { page } = await browser.open(view);
  await page.goto(`${console.url}${path}`);
  await page.screenshot({ path: join(target, `${name}.png`) });
  await page.context().close();
}
