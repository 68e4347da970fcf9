/** Every page, without a browser: HTML for people, JSON for programs, links that lead somewhere, and nothing that obeys a sender. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consolePagesText } from '../../../scripts/console-pages.ts';
import type { ConsolePage } from '../../../src/serve/console/page.ts';
import { DOWNLOADS, PAGES } from '../../../src/serve/console/pages.ts';
import { startConsole, type TestConsole } from '../../harness/console.ts';
import { consolePaths } from '../../harness/console-paths.ts';
import { ROOT } from '../../harness/project.ts';

let console: TestConsole;
beforeAll(async () => {
  console = await startConsole({ night: { events: 400, now: Date.now() } });
});
afterAll(() => console.close());

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const get = (path: string, headers: Record<string, string> = BROWSER) =>
  fetch(`${console.url}${path}`, { headers, redirect: 'manual' });
const pages = PAGES as unknown as readonly ConsolePage<object>[];

test.each(pages)(
  '$path is HTML for people and JSON for programs, with the members that are documented',
  async (page) => {
    for (const path of await consolePaths(console.url, page.path)) {
      const shown = await get(path);
      const text = await shown.text();
      expect(shown.status, text.slice(0, 2_000)).toBe(200);
      expect(text).toMatch(new RegExp(`<title>${page.title.replace('?', '.')}[^<]* · Consignee</title>`));
      expect(text).not.toMatch(/<script(?! src)|<[^>]*\s(?:on\w+|style)=|\bundefined\b|\[object|NaN/);
      const json = await get(path, {});
      expect(json.headers.get('content-type')).toContain('application/json');
      expect(Object.keys(page.fields)).toEqual(
        expect.arrayContaining(Object.keys((await json.json()) as object)),
      );
    }
  },
);

test.each(DOWNLOADS)('$path is saved, and never shown', async ({ path: of }) => {
  for (const path of await consolePaths(console.url, of)) {
    const saved = await get(path);
    expect([saved.status, saved.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect(saved.headers.get('x-content-type-options')).toBe('nosniff');
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment; filename=/);
  }
});

test('nothing of a secret, and no signature, is on any page', async () => {
  for (const { path: of } of [...pages, ...DOWNLOADS]) {
    for (const path of await consolePaths(console.url, of)) {
      for (const headers of [BROWSER, {}]) {
        const text = await (await get(path, headers)).text();
        expect(text, path).not.toContain('canary');
        expect(text, path).not.toContain('the-secret');
      }
    }
  }
});

test('one line of megabytes is shown by its beginning, and saved whole', async () => {
  const body = Buffer.from(`{"id":"large-1","type":"/large","text":"${'x'.repeat(6_000_000)}"}`);
  const arrival = {
    source: 'flexport',
    receivedAt: Date.now(),
    address: '10.0.0.1',
    headers: '{}',
    evidence: '[]',
  };
  const { id } = await console.inbox.keep({ ...arrival, body });
  for (const query of ['', '?body=raw', '?body=hex', '?verify=1']) {
    const shown = await (await get(`/events/${id}${query}`)).text();
    expect(shown.length).toBeLessThan(400_000);
    expect(shown).toContain('That is its beginning.');
  }
  const saved = await (await get(`/events/${id}/body`)).arrayBuffer();
  expect(Buffer.from(saved).equals(body)).toBe(true);
});

test('every link on every page leads to something', async () => {
  const known = pages.map(({ path }) => path.split('/')[1]);
  // One of each kind: the same page, with the same parameters.
  const followed = new Set<string>();
  for (const { path: of } of pages) {
    for (const path of await consolePaths(console.url, of)) {
      const text = await (await get(path)).text();
      const links = new Set(
        [...text.matchAll(/\shref="([^"#]+)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&')),
      );
      for (const href of links) {
        const to = new URL(href, `${console.url}${path}`);
        const kind = `${to.pathname.replace(/evt_\w+/, '')}?${[...to.searchParams.keys()]}`;
        if (!known.includes(to.pathname.split('/')[1]) || followed.has(kind)) continue;
        followed.add(kind);
        const answer = await get(`${to.pathname}${to.search}`);
        expect([href, answer.status]).toEqual([href, 200]);
        await answer.body?.cancel();
      }
    }
  }
});

test('docs/console.md has every page and every member of its JSON', () => {
  const text = readFileSync(join(ROOT, 'docs/console.md'), 'utf8');
  // node scripts/console-pages.ts writes it.
  expect(text).toContain(consolePagesText());
});

test('the styles and the script are small, and are served for good under their digest', async () => {
  const text = await (await get('/')).text();
  for (const [file, most] of [
    ['console.css', 12_000],
    ['console.js', 6_000],
    ['favicon.svg', 1_000],
  ] as const) {
    const [, path] = new RegExp(`"\\./(assets/[0-9a-f]{12}/${file})"`).exec(text) ?? [];
    const asset = await get(`/${path}`, {});
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await asset.arrayBuffer()).byteLength).toBeLessThanOrEqual(most);
  }
});
