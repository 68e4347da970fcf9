/** What a person has done on the pages: as forms without JavaScript and as JSON, what the inbox holds afterwards, and what the record says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/serve/check/finding.ts';
import { startConsole, type TestConsole } from '../../harness/console.ts';
import { HOSTILE_BODY, REFUSED_IDS } from '../../harness/console-night.ts';
import { SECRET } from '../../harness/project.ts';
import { waitForAnswer } from '../../harness/waiting.ts';

const TOKEN = 'the-token-of-who-may-act-0123456789abcdef';
const READ = 'the-token-of-who-may-look-0123456789abcdef';

const WAIT_MS = 30_000;

let console: TestConsole;
let inbox: string;
let cookie: string;
beforeAll(async () => {
  console = await startConsole({
    night: { events: 400, now: Date.now() },
    tokens: { act: [TOKEN], read: [READ] },
  });
  ({ inbox } = await json('/status'));
  cookie = await logIn(TOKEN, 'anna');
});
afterAll(() => console.close());

// biome-ignore lint/suspicious/noExplicitAny: the answers of many pages
const json = async (path: string): Promise<any> =>
  (await fetch(`${console.url}${path}`, { headers: { Authorization: `Bearer ${TOKEN}` } })).json();
const page = async (path: string, as = cookie) => {
  const shown = await fetch(`${console.url}${path}`, { headers: { Accept: 'text/html', Cookie: as } });
  return await shown.text();
};
const post = (path: string, fields: Record<string, string>, as?: string) =>
  fetch(`${console.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Accept: 'text/html', Origin: console.url, ...(as && { Cookie: as }) },
    body: new URLSearchParams(fields),
  });
const send = (path: string, body: object) =>
  fetch(`${console.url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ inbox, ...body }),
  });

async function logIn(token: string, who: string): Promise<string> {
  const answer = await post('/login', { given: token, who, to: '/' });
  return String(answer.headers.get('set-cookie')?.split(';')[0]);
}

/** Every field of the first form of a page that goes there: what a browser without JavaScript sends. */
function formOn(text: string, action: string, button: string): Record<string, string> {
  const forms = [...text.matchAll(/<form[^>]* action="([^"]*)"[^>]*>(.*?)<\/form>/gs)];
  const [, , inner = ''] =
    forms.find(([whole, to = '']) => to.endsWith(action) && whole.includes(button)) ?? [];
  const fields = [...inner.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  return Object.fromEntries(fields.map(([, name, value = '']) => [name, value.replaceAll('&quot;', '"')]));
}

describe('handlers', () => {
  test('are paused with a reason and resumed, by forms that the page has; the record says by whom', async () => {
    const fields = formOn(await page('/handlers'), 'pauses', 'Pause');
    expect(fields).toEqual({ inbox, verb: 'pause', name: 'flexport/log' });
    const unsaid = await post('/pauses', { ...fields, reason: ' ' }, cookie);
    expect([unsaid.status, await unsaid.text()]).toEqual([400, expect.stringContaining('a reason')]);
    const paused = await post('/pauses', { ...fields, reason: '<b>the store</b> is moved' }, cookie);
    expect([paused.status, paused.headers.get('location')]).toEqual([303, './handlers']);
    const status = await console.inbox.status();
    const about = { name: 'flexport/log', who: 'anna', reason: '<b>the store</b> is moved' };
    expect(status.paused.find(({ name }) => name === 'flexport/log')).toMatchObject(about);
    const shown = await page('/handlers');
    expect(shown).toContain('&lt;b&gt;the store&lt;/b&gt; is moved');
    const again = formOn(shown, 'pauses', 'Resume flexport/log');
    expect((await post('/pauses', again, cookie)).status).toBe(303);
    expect((await console.inbox.status()).paused.map(({ name }) => name)).not.toContain('flexport/log');
    const { actions } = await json('/actions');
    expect(actions.slice(0, 2).map(({ verb, who }: Record<string, string>) => [verb, who])).toEqual([
      ['resume', 'anna'],
      ['pause', 'anna'],
    ]);
  });

  test('are told with what waits, what failed, and how they are wired', async () => {
    const { handlers } = await json('/handlers');
    const [one] = handlers.filter(({ handler }: { handler: string }) => handler === 'flintn/log');
    expect(one).toEqual({
      ...{ handler: 'flintn/log', source: 'flintn', target: 'flintn/log', types: null, isLatestOnly: false },
      ...{ concurrency: 256, timeLimitMs: 30_000, maxAttempts: 20, ratePerSecond: null },
      ...{ pending: expect.any(Number), handling: 0, dead: expect.any(Number), held: 0 },
      ...{
        oldestDueAt: expect.stringMatching(/Z$/),
        perMinute: expect.any(Number),
        failed: expect.any(Number),
      },
      attempts: { count: expect.any(Number), p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
      ...{ lastSuccessAt: expect.stringMatching(/Z$/), isResting: false, restsUntil: null },
      paused: {
        name: 'flintn/log',
        since: expect.any(String),
        who: 'anna',
        reason: 'the ERP is down until nine',
      },
    });
    expect(one.pending).toBeGreaterThan(0);
    expect(one.dead).toBeGreaterThan(0);
  });
});

describe('refused requests', () => {
  const refusedOf = async (source: string) =>
    (await json(`/refused?source=${source}`)).causes.reduce(
      (sum: number, { kept }: { kept: number }) => sum + kept,
      0,
    );

  test('are told by cause, with the remedy, what is counted and what is kept here', async () => {
    const list = await json('/refused?source=shippo&since=24h');
    expect(list.machine).toMatch(/./);
    expect(list.causes).toEqual([
      {
        ...{ source: 'shippo', code: 'hmac_mismatch', status: 401, counted: expect.any(Number), kept: 36 },
        means: 'the signature does not match any live secret',
        asks: expect.stringMatching(/^Was the secret/),
        fix: expect.stringContaining('SHIPPO_WEBHOOK_SECRET'),
        addresses: [
          {
            ...{
              address: '52.4.41.98',
              count: 24,
              newest: [expect.stringMatching(/^ref_/), ...Array(2).fill(expect.any(String))],
            },
            ...{ first: expect.any(String), last: expect.any(String) },
          },
          expect.objectContaining({ address: '52.89.214.238', count: 12 }),
        ],
      },
    ]);
    expect(list.causes[0].counted).toBeGreaterThan(0);
    // What was refused before then is not among them.
    expect((await json('/refused?source=shippo&since=1h')).causes[0].kept).toBeLessThan(36);
  });

  test('one is told without what proves it, and with what would become of it', async () => {
    const [still, passing] = REFUSED_IDS;
    const one = await json(`/refused/${still}`);
    expect(one).toMatchObject({
      source: 'flexport',
      code: 'hmac_mismatch',
      credentials: ['Shippo-Auth-Signature'],
    });
    expect(one.judgement).toMatchObject({ passes: 'no', code: 'hmac_missing' });
    expect(JSON.stringify(one)).not.toContain('canary');
    expect((await json(`/refused/${passing}`)).judgement).toMatchObject({ passes: 'all' });
    const gone = await fetch(`${console.url}/refused/ref_0`, {
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    expect([gone.status, await gone.json()]).toEqual([
      404,
      { status: 404, title: expect.stringContaining('ref_0') },
    ]);
  });

  test('one that passes by now is judged again with the button on its page, and becomes an event', async () => {
    const [, id = ''] = REFUSED_IDS;
    const before = await refusedOf('flexport');
    const fields = formOn(await page(`/refused/${id}`), 'recheck', 'Judge it again');
    expect(fields).toEqual({ inbox, ids: id });
    const judged = await post('/recheck', fields, cookie);
    expect([judged.status, judged.headers.get('location')]).toEqual([303, './refused']);
    expect(await refusedOf('flexport')).toBe(before - 1);
    const { events } = await json('/events?source=flexport&limit=50&search=hostile');
    const bodies = await Promise.all(
      events.map(async (event: { id: string }) =>
        (
          await fetch(`${console.url}/events/${event.id}/body`, {
            headers: { Authorization: `Bearer ${TOKEN}` },
          })
        ).text(),
      ),
    );
    expect(bodies).toContain(HOSTILE_BODY);
    const { actions } = await json('/actions');
    expect(actions[0]).toMatchObject({
      verb: 'recheck refused',
      who: 'anna',
      changed: 1,
      selected: `ids ${id}`,
    });
  });

  test('a group is discarded after a page that counts it, and nothing else is', async () => {
    const [others, confirm] = await Promise.all([
      refusedOf('flintn'),
      page('/refused/discard?source=shippo&code=hmac_mismatch'),
    ]);
    expect(confirm).toContain('36 refused requests');
    const fields = formOn(confirm, 'discard', 'Discard');
    expect(fields).toEqual({ inbox, source: 'shippo', code: 'hmac_mismatch' });
    expect((await post('/refused/discard', fields, cookie)).status).toBe(303);
    expect([await refusedOf('shippo'), await refusedOf('flintn')]).toEqual([0, others]);
    const { actions } = await json('/actions');
    expect(actions[0]).toMatchObject({ verb: 'discard refused', who: 'anna', changed: 36 });
  });

  test('a discard of nothing in particular is refused', async () => {
    expect((await post('/refused/discard', { inbox }, cookie)).status).toBe(400);
    expect(await page('/refused/discard')).toContain('Nothing that is kept here is meant');
    expect((await send('/recheck', { source: 1 })).status).toBe(400);
    expect((await send('/recheck', { source: 'flintn' })).status).toBe(200);
  });
});

describe('the checklist', () => {
  test('is examined when a person asks, by the same lines as the command has, and shows no part of a secret', async () => {
    expect(await json('/checklist')).toMatchObject({ at: null, findings: [] });
    const begun = await post(
      '/checklist',
      formOn(await page('/checklist'), 'checklist', 'Examine now'),
      cookie,
    );
    expect([begun.status, begun.headers.get('location')]).toEqual([303, './checklist']);
    const { findings, failure, tookMs } = await waitForAnswer(async () => {
      const told = await json('/checklist');
      return told.at === null ? undefined : told;
    }, WAIT_MS);
    expect([failure, tookMs > 0]).toEqual([null, true]);
    const subjects = findings.map(({ subject }: Finding) => subject);
    for (const subject of [
      'shippo',
      'shippo ip',
      'shippo hmac',
      'inbox',
      'service',
      'redaction',
      'REQUIRE_HTTPS',
    ])
      expect(subjects).toContain(subject);
    expect(findings).toContainEqual({
      ...{ verdict: 'warn', subject: 'shippo hmac' },
      says: expect.stringMatching(/^previous [0-9a-f]{12}: last used 3 days ago.*safe to remove/),
    });
    const shown = await page('/checklist');
    expect(shown).toContain('Examine again');
    for (const text of [shown, JSON.stringify(findings)])
      for (const secret of [SECRET, 'the-secret']) expect(text).not.toContain(secret.slice(0, 6));
  });
});

test('an action is followed on a page of its own, and cannot be cancelled once it has ended', async () => {
  const { found, upTo } = (await (
    await send('/actions', { verb: 'replay', selection: { state: 'dead' }, dryRun: true })
  ).json()) as { found: number; upTo: number };
  const started = await post(
    '/actions',
    {
      inbox,
      verb: 'replay',
      selection: JSON.stringify({ state: 'dead' }),
      found: String(found),
      upTo: String(upTo),
    },
    cookie,
  );
  const path = String(started.headers.get('location')).slice(1);
  expect([started.status, path]).toEqual([303, expect.stringMatching(/^\/actions\/\d+$/)]);
  const done = await waitForAnswer(async () => {
    const action = await json(path);
    return action.state === 'running' ? undefined : action;
  }, WAIT_MS);
  expect(done).toEqual({
    ...{
      id: Number(path.split('/').at(-1)),
      at: expect.any(String),
      endedAt: expect.any(String),
      who: 'anna',
    },
    ...{ verb: 'replay', about: { state: 'dead' }, selected: expect.stringContaining('dead'), state: 'done' },
    ...{ found, changed: found, skipped: 0, failed: 0, remark: null },
  });
  expect(await page(path)).not.toContain('Cancel');
  const late = await post(`${path}/cancel`, { inbox }, cookie);
  expect(late.status).toBe(422);
  expect((await json('/actions?before=2')).actions.map(({ id }: { id: number }) => id)).toEqual([1]);
});

test('who may only look sees all of it and no form', async () => {
  const reader = await logIn(READ, 'otto');
  for (const path of [
    '/failures',
    '/refused',
    `/refused/${REFUSED_IDS[2]}`,
    '/handlers',
    '/sources/shippo',
    '/checklist',
    '/actions',
    '/live',
  ]) {
    const text = await page(path, reader);
    expect(text).toContain('otto (may look)');
    const forms = [...text.matchAll(/<form[^>]* method="post" action="([^"]*)"/g)].map(([, to = '']) =>
      to.replaceAll('../', './'),
    );
    expect([path, forms]).toEqual([path, ['./logout']]);
  }
});

describe('where nothing has come yet', () => {
  let empty: TestConsole;
  beforeAll(async () => {
    empty = await startConsole();
  });
  afterAll(() => empty.close());
  const look = async (path: string) =>
    (await fetch(`${empty.url}${path}`, { headers: { Accept: 'text/html' } })).text();

  test.each([
    ['/failures', 'Nothing has failed that is still open'],
    ['/refused', 'Nothing was refused'],
    ['/sources', 'waiting for the first event'],
    ['/sources/shippo', 'npm run send -- shippo'],
    ['/alarms', 'No alarm is raised'],
    ['/checklist', 'Examine now'],
    ['/actions', 'Nothing was done yet'],
    ['/live', 'npm run send -- shippo'],
  ])('%s says what to do', async (path, says) => {
    expect(await look(path)).toContain(says);
  });

  test('a source that waits turns green with its first event', async () => {
    expect(await look('/sources/shippo')).toContain('waits for its first event');
    await empty.inbox.keep({
      ...{ source: 'shippo', receivedAt: Date.now(), address: '192.0.2.1', headers: '{}', evidence: '[]' },
      body: Buffer.from('{"event":"track_updated","data":{"tracking_number":"1Z9"}}'),
    });
    const minute = Math.floor(Date.now() / 60_000);
    const tally = {
      kind: 'request',
      subject: 'shippo',
      outcome: 'accepted',
      minute,
      count: 1,
      times: [],
    } as const;
    await empty.inbox.noteCounts({ uses: [], tallies: [tally] });
    await waitForAnswer(
      async () => (await look('/sources/shippo')).includes('Shippo was heard') || undefined,
      WAIT_MS,
    );
    await waitForAnswer(async () => (await look('/live')).includes('track_updated') || undefined, WAIT_MS);
  });
});
