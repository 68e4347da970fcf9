/** The pages for operating, in a real browser: what is done with the mouse, with keys and without JavaScript, and what turns by itself. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startConsole, type TestConsole } from '../harness/console.ts';
import { REFUSED_IDS } from '../harness/console-night.ts';
import { hasBrowser, startBrowser, type TestBrowser } from './browser.ts';

describe.runIf(hasBrowser)('who operates', () => {
  let night: TestConsole;
  let empty: TestConsole;
  let browser: TestBrowser;
  beforeAll(async () => {
    [night, empty, browser] = await Promise.all([
      startConsole({ night: { events: 400, now: Date.now() } }),
      startConsole(),
      startBrowser(),
    ]);
  });
  afterAll(() => Promise.all([night.close(), empty.close(), browser.close()]));

  const paused = async () => (await night.inbox.status()).paused.map(({ name }) => name);

  test('pauses a handler with the mouse, resumes it with keys, and the same without JavaScript', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const { page, complaints } = await browser.open({ javaScriptEnabled });
      await page.goto(`${night.url}/handlers`);
      await page.getByText('Pause shippo/log…').click();
      const group = page.getByRole('region', { name: 'shippo/log' });
      await group.getByLabel('Why?').fill('the ERP is moved');
      await group.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('status').waitFor();
      expect(await page.getByRole('status').textContent()).toBe('Paused: shippo/log.');
      expect(await paused()).toContain('shippo/log');
      await page.getByRole('button', { name: 'Resume shippo/log' }).focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => page.getByRole('status').textContent()).toBe('Resumed: shippo/log.');
      expect(await paused()).not.toContain('shippo/log');
      expect(complaints).toEqual([]);
    }
  });

  test('does not lose what is being typed when the page renews itself', async () => {
    const { page } = await browser.open();
    await page.goto(`${night.url}/handlers`);
    await page.locator('#live').selectOption('1');
    await page.getByText('Pause flatfile/log…').click();
    const box = page.getByRole('region', { name: 'flatfile/log' }).getByLabel('Why?');
    await box.fill('half a sen');
    await page.waitForTimeout(2_500);
    expect(await box.inputValue()).toBe('half a sen');
  });

  test('has a refused request judged again with keys, and a group discarded after being asked, without JavaScript', async () => {
    const { page } = await browser.open();
    await page.goto(`${night.url}/refused/${REFUSED_IDS[1]}`);
    expect(await page.locator('.verdict').textContent()).toContain('It passes now');
    await page.getByRole('button', { name: 'Judge it again' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').waitFor();
    expect(await page.getByRole('status').textContent()).toContain('Passed, and events now: 1.');
    const plain = await browser.open({ javaScriptEnabled: false });
    await plain.page.goto(`${night.url}/refused`);
    await plain.page
      .getByRole('region', { name: 'shippo hmac_mismatch' })
      .getByRole('link', { name: 'Discard these…' })
      .click();
    await plain.page.getByRole('button', { name: 'Discard 36 requests' }).click();
    await plain.page.getByRole('status').waitFor();
    expect(await plain.page.getByRole('status').textContent()).toBe('Discarded: 36 refused requests.');
  });

  test('goes from a cause to what is to be done about it, with the mouse', async () => {
    const { page, complaints } = await browser.open();
    await page.goto(`${night.url}/failures?handler=flintn/log`);
    await page.getByRole('link', { name: 'Replay these…' }).first().click();
    await page.getByRole('button', { name: /^Replay \d+ deliver/ }).click();
    await page.waitForURL('**/actions/*');
    await expect.poll(() => page.locator('.verdict').textContent()).toContain('done');
    expect(complaints).toEqual([]);
  });

  test('sees an examination come to its end by itself', async () => {
    const { page, complaints } = await browser.open();
    await page.goto(`${night.url}/checklist`);
    await page.getByRole('button', { name: 'Examine now' }).click();
    await expect.poll(() => page.locator('.verdict').textContent(), { timeout: 60_000 }).toMatch(/lines/);
    expect(await page.getByRole('heading', { name: /^warn/ }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('watches an action together with another person, who cancels it without JavaScript', async () => {
    const { place } = (await (await fetch(`${night.url}/about`)).json()) as { place: string };
    const database = new DatabaseSync(place);
    // As another process would have begun it: nobody carries it out.
    database.exec(`INSERT INTO actions VALUES (99, ${Date.now()}, 'ben', 'replay', '{"state":"dead"}', 1, 0, 'running',
      1000, 400, 20, 0, NULL, NULL)`);
    const [one, other] = await Promise.all([browser.open(), browser.open({ javaScriptEnabled: false })]);
    await Promise.all([one.page.goto(`${night.url}/actions`), other.page.goto(`${night.url}/actions/99`)]);
    const row = one.page.locator('table.list tbody tr').first();
    await expect.poll(() => row.textContent()).toContain('400 of 1,000, 20 skipped');
    expect(await row.getByRole('progressbar').getAttribute('value')).toBe('420');
    database.exec('UPDATE actions SET changed = 700 WHERE id = 99');
    await expect.poll(() => row.textContent()).toContain('700 of 1,000');
    await other.page.getByRole('button', { name: 'Cancel' }).click();
    await other.page.getByRole('status').waitFor();
    expect(other.page.url()).toMatch(/\/actions\/99$/);
    expect(await other.page.locator('.verdict').textContent()).toContain('cancelled');
    await expect.poll(() => row.textContent()).toContain('cancelled');
    database.close();
  });

  test('sees a source turn green and its event in the tail, within seconds and by itself', async () => {
    const [source, tail] = await Promise.all([browser.open(), browser.open()]);
    await Promise.all([source.page.goto(`${empty.url}/sources/shippo`), tail.page.goto(`${empty.url}/live`)]);
    expect(await source.page.locator('.verdict').textContent()).toContain('waits for its first event');
    expect(await tail.page.locator('#live').inputValue()).toBe('1');
    await empty.inbox.keep({
      ...{ source: 'shippo', receivedAt: Date.now(), address: '192.0.2.1', headers: '{}', evidence: '[]' },
      body: Buffer.from('{"event":"track_updated","data":{"tracking_number":"1Z9"}}'),
    });
    const minute = Math.floor(Date.now() / 60_000);
    const tally = { kind: 'request', subject: 'shippo', outcome: 'accepted', minute, count: 1 } as const;
    await empty.inbox.noteCounts({ uses: [], tallies: [{ ...tally, times: [] }] });
    await expect.poll(() => tail.page.locator('#tail').textContent()).toContain('track_updated');
    await expect.poll(() => source.page.locator('.verdict').textContent()).toContain('Shippo was heard');
    expect([...source.complaints, ...tail.complaints]).toEqual([]);
  });
});
