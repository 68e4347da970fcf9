/** What people do with the pages, in a real browser: by mouse, by keyboard, without JavaScript; and what pages of other sites cannot do. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startConsole, type TestConsole } from '../harness/console.ts';
import { PARCEL } from '../harness/console-night.ts';
import { hasBrowser, startBrowser, type TestBrowser } from './browser.ts';

const TOKEN = 'the-token-of-who-may-act-0123456789abcdef';

describe.runIf(hasBrowser)('a person', () => {
  let open: TestConsole;
  let locked: TestConsole;
  let browser: TestBrowser;
  beforeAll(async () => {
    const night = { events: 2_000, now: Date.now() };
    [open, locked, browser] = await Promise.all([
      startConsole({ night }),
      startConsole({ night, tokens: { act: [TOKEN] } }),
      startBrowser(),
    ]);
  });
  afterAll(() => Promise.all([open.close(), locked.close(), browser.close()]));

  async function countOf(of: TestConsole, query: string): Promise<number> {
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${of.url}/events?limit=500&${query}`, { headers });
    return ((await answer.json()) as { events: unknown[] }).events.length;
  }

  async function logIn(page: Page, url: string, who = ''): Promise<void> {
    await page.goto(url);
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByLabel('Your name').fill(who);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('link', { name: 'Events' }).first().waitFor();
  }

  test('picks events by mouse, is asked, and has them replayed', async () => {
    const { page, complaints } = await browser.open();
    const before = await countOf(open, 'state=dead');
    await page.goto(`${open.url}/events?state=dead&handler=shippo/log`);
    const boxes = page.locator('input[name="id"]');
    const picked = await boxes.count();
    expect(picked).toBeGreaterThan(0);
    await page.getByLabel('Select all on this page').check();
    expect(await page.locator('[data-picked]').textContent()).toBe(`${picked} selected`);
    await page.getByRole('button', { name: 'to the selected' }).click();
    await page.getByRole('button', { name: new RegExp(`^Replay ${picked} deliver`) }).click();
    await page.waitForURL('**/actions/*');
    await expect.poll(() => countOf(open, 'state=dead')).toBe(before - picked);
    expect(complaints).toEqual([]);
  });

  test('does the same to all that match, and to one event, without JavaScript', async () => {
    const { page } = await browser.open({ javaScriptEnabled: false });
    await page.goto(`${open.url}/events?state=dead&handler=flintn/log&limit=5`);
    await page.locator('select[name="verb"]').selectOption('discard');
    await page.getByRole('button', { name: 'to all that match' }).click();
    const many = await countOf(open, 'state=dead&handler=flintn/log');
    await page.getByRole('button', { name: `Discard ${many} deliveries` }).click();
    await page.waitForURL('**/actions/*');
    await expect.poll(() => countOf(open, 'state=dead&handler=flintn/log')).toBe(0);
    await page.goto(`${open.url}/events?state=held&limit=1`);
    await page.locator('table.list tbody a').first().click();
    await page.getByRole('button', { name: 'Replay' }).first().click();
    await page.getByRole('status').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('Replayed: 1 delivery.');
    expect(page.url()).toMatch(/\/events\/evt_\w+$/);
    await page.reload();
    expect(await page.getByRole('status').count()).toBe(0);
  });

  test('finds, walks and opens by keys', async () => {
    const { page, complaints } = await browser.open();
    await page.goto(`${open.url}/events`);
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    // The browser gives the focus back a moment after the dialog has gone, and the key is for the page from then on.
    const isFound = () => page.getByRole('searchbox').evaluate((box) => box.matches(':focus'));
    await expect
      .poll(async () => {
        if (!(await isFound())) await page.keyboard.press('/');
        return await isFound();
      })
      .toBe(true);
    await page.keyboard.type(PARCEL);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/events?q=${PARCEL}`);
    expect(await page.locator('table.list tbody tr').count()).toBe(4);
    for (const key of ['j', 'j', 'x', 'k']) await page.keyboard.press(key);
    expect(await page.locator('tr.picked').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/events/evt_*');
    expect(await page.getByText('came late').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('sees what comes in, but not under what is picked', async () => {
    const { page } = await browser.open();
    await page.goto(`${open.url}/events?source=flexport`);
    await page.locator('#live').selectOption('2');
    const first = () => page.locator('table.list tbody a').first().getAttribute('href');
    const arrive = (id: string) =>
      open.inbox.keep({
        ...{ source: 'flexport', receivedAt: Date.now(), address: '10.0.0.1', headers: '{}', evidence: '[]' },
        body: Buffer.from(`{"id":"${id}","type":"/new"}`),
      });
    const one = await arrive('live-1');
    await expect.poll(first).toBe(`./events/${one.id}`);
    await page.locator('input[name="id"]').first().check();
    const two = await arrive('live-2');
    await page.waitForTimeout(3_000);
    expect(await first()).toBe(`./events/${one.id}`);
    await page.locator('input[name="id"]').first().uncheck();
    await page.locator('h1').click();
    await expect.poll(first).toBe(`./events/${two.id}`);
  });

  test('logs in under a plain name over HTTP, acts there by their name, and is out when the token is', async () => {
    const { page } = await browser.open();
    const { port } = new URL(locked.url);
    const base = `http://console.test:${port}`;
    await logIn(page, `${base}/events?state=dead&limit=1`, 'anna');
    expect(page.url()).toBe(`${base}/events?state=dead&limit=1`);
    await page.locator('table.list tbody a').first().click();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('status').waitFor();
    expect((await locked.inbox.actions(1))[0]).toMatchObject({ verb: 'discard', who: 'anna' });
    locked.setTokens({ act: [`${TOKEN}-new`] });
    await page.reload();
    expect(await page.getByLabel('Token').count()).toBe(1);
    locked.setTokens({ act: [TOKEN] });
  });

  test('works under a path that a proxy takes away', async () => {
    const proxy = createServer((incoming, outgoing) => {
      const path = incoming.url?.replace(/^\/ops\/webhooks/, '') ?? '';
      const on = request(
        `${locked.url}${path}`,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      incoming.pipe(on);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/ops/webhooks`;
    const { page, complaints } = await browser.open();
    await logIn(page, `${base}/`);
    complaints.length = 0;
    for (const name of ['Events', 'Charts', 'Overview']) {
      await page.locator('nav').getByRole('link', { name }).click();
      expect(page.url().startsWith(`${base}/`)).toBe(true);
    }
    await page.goto(`${base}/events?state=dead&limit=1`);
    await page.locator('table.list tbody a').first().click();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('status').waitFor();
    expect(page.url()).toMatch(/\/ops\/webhooks\/events\/evt_\w+$/);
    expect(complaints).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });

  test('is not spoken for by a page of another site, even with a session', async () => {
    const { page } = await browser.open();
    await logIn(page, `${locked.url}/`);
    const inbox = (await locked.inbox.status()).inbox;
    const before = await locked.inbox.actions(100);
    const evil = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<form method="post" action="${locked.url}/pauses"><input name="inbox" value="${inbox}"><input name="verb" value="pause"><input name="name" value="shippo/log"><input name="reason" value="x"><button>Win</button></form>`,
      );
    }).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const port = (evil.address() as AddressInfo).port;
    for (const host of ['127.0.0.1', 'console.test']) {
      await page.goto(`http://${host}:${port}/`);
      const [answer] = await Promise.all([
        page.waitForResponse('**/pauses'),
        page.getByRole('button').click(),
      ]);
      expect([401, 403]).toContain(answer.status());
    }
    expect(await locked.inbox.actions(100)).toEqual(before);
    evil.closeAllConnections();
    evil.close();
  });
});
