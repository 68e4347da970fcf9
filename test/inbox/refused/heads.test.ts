/**
 * What was refused under the old secret, and is signed over more than the body: listed headers, a digest in the query. And what is no
 * event although it passes: handshakes. Each is signed as its provider does, refused, and judged again after a restart.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeArrived } from '../../../src/serve/arrived.ts';
import { useFolder } from '../../harness/folder.ts';
import { type OpenedService, openService } from '../../harness/open-service.ts';
import { opensslMac } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const OLD = 'old-secret-of-the-merchant-0123456789abcdef0123456789abcdef';
const NEW = 'new-secret-of-the-merchant-0123456789abcdef0123456789abcdef';
const CANARY = 'canary-0123456789';
const { consignee } = useFolder();

const SOURCES = ['CONTENTFUL', 'TWILIO', 'COINBASE_CDP', 'ZOOM', 'SLACK', 'BRINGING'];
const settings = (secret: string) => ({
  ...Object.fromEntries(SOURCES.map((prefix) => [`${prefix}_WEBHOOK_SECRET`, secret])),
  SALESFORCE_MARKETING_CLOUD_WEBHOOK_SECRET: Buffer.from(OLD).toString('base64'),
  TWILIO_ALLOW_SHA1: 'true',
  TWILIO_PUBLIC_URL: 'https://hooks.example.com/webhooks/twilio',
  CONTENTFUL_PUBLIC_URL: 'https://hooks.example.com/webhooks/contentful',
});

const seconds = String(Math.floor(Date.now() / 1_000));
const hex = (text: string) => opensslMac(NEW, text).toString('hex');
const twilioUrl = 'https://hooks.example.com/webhooks/twilio';
const sha1 = (text: string) => opensslMac(NEW, text, 'sha1').toString('base64');
const BODIES = {
  contentful: '{"sys":{"id":"rotated"}}',
  twilio: '{"tw":1}',
  form: 'From=%2B1&To=%2B2',
  coinbase: '{"eventType":"onramp.updated"}',
  zoom: '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}',
  zoomEvent: '{"event":"meeting.started"}',
  slack: '{"type":"url_verification","challenge":"abc"}',
  bringing: '{"url":"https://sns.example.com/confirm-me"}',
  bringingEvent: '{"url":"https://sns.example.com/of-an-event"}',
  sfmc: `{"callbackId":"cb-1","verificationKey":"${CANARY}"}`,
};
const digest = hash('sha256', BODIES.twilio, 'hex');
const list = 'x-contentful-crn,x-contentful-signed-headers,x-contentful-timestamp,x-no-such-header';
const now = String(Date.now());
const listed = `x-contentful-crn:crn:x;x-contentful-signed-headers:${list};x-contentful-timestamp:${now};x-no-such-header:`;
const signedBySeconds = (name: string, time: string, body: string) => ({
  [name]: `v0=${hex(`v0:${seconds}:${body}`)}`,
  [time]: seconds,
});
const zoomed = (body: string) => signedBySeconds('x-zm-signature', 'x-zm-request-timestamp', body);

const REQUESTS: readonly (readonly [string, string, Record<string, string>, string])[] = [
  [
    'contentful',
    '',
    {
      'x-contentful-crn': 'crn:x',
      'x-contentful-signed-headers': list,
      'x-contentful-timestamp': now,
      'x-contentful-signature': hex(`POST\n/webhooks/contentful\n${listed}\n${BODIES.contentful}`),
    },
    BODIES.contentful,
  ],
  [
    'twilio',
    `?bodySHA256=${digest}`,
    { 'X-Twilio-Signature': sha1(`${twilioUrl}?bodySHA256=${digest}`), 'Content-Type': 'application/json' },
    BODIES.twilio,
  ],
  [
    'twilio',
    '',
    {
      'X-Twilio-Signature': sha1(`${twilioUrl}From+1To+2`),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    BODIES.form,
  ],
  [
    'coinbase-cdp',
    '',
    {
      'X-Event-Id': 'e-1',
      'X-Event-Type': 'onramp',
      'X-Hook0-Signature': `t=${seconds},h=X-Event-Id x-event-type,v1=${hex(
        `${seconds}.X-Event-Id x-event-type.e-1.onramp.${BODIES.coinbase}`,
      )}`,
    },
    BODIES.coinbase,
  ],
  ['zoom', '', zoomed(BODIES.zoom), BODIES.zoom],
  ['zoom', '', zoomed(BODIES.zoomEvent), BODIES.zoomEvent],
  [
    'slack',
    '',
    signedBySeconds('X-Slack-Signature', 'X-Slack-Request-Timestamp', BODIES.slack),
    BODIES.slack,
  ],
  ['bringing', '', { 'X-Mac': hex(BODIES.bringing), 'X-Kind': 'confirm' }, BODIES.bringing],
  ['bringing', '', { 'X-Mac': hex(BODIES.bringingEvent) }, BODIES.bringingEvent],
  ['salesforce-marketing-cloud', '', {}, BODIES.sfmc],
  // A stranger lists what a proxy adds, and puts a token beside the digest. It never passes.
  [
    'contentful',
    '',
    {
      'x-contentful-signed-headers': `cookie,x-auth-token,${Array.from({ length: 200 }, (_, at) => `x-h${at}`)}`,
      'x-contentful-timestamp': now,
      'x-contentful-signature': hex('nothing'),
      Cookie: CANARY,
      'X-Auth-Token': CANARY,
      ...Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-h${at}`, 'x'])),
    },
    '{"forged":1}',
  ],
  [
    'twilio',
    `?token=${CANARY}&bodySHA256=${digest}&bodySHA256=${CANARY}`,
    { 'X-Twilio-Signature': sha1('nothing') },
    BODIES.twilio,
  ],
  ['twilio', `?bodySHA256=${CANARY}`, { 'X-Twilio-Signature': sha1('nothing') }, '{"forged":1}'],
];

let service: OpenedService;
let refusedIds: string[];
beforeAll(async () => {
  const config = join(import.meta.dirname, '../../fixtures/judged');
  service = await openService({ config, env: settings(OLD) });
  refusedIds = [];
  for (const [source, query, headers, body] of REQUESTS) {
    const request = { method: 'POST', headers: { 'Content-Type': 'text/plain', ...headers }, body };
    const answer = await fetch(`${service.url}/webhooks/${source}${query}`, request);
    expect([source, answer.status]).toEqual([source, 401]);
    refusedIds.push(((await answer.json()) as { id: string }).id);
  }
  await waitFor(() => rows().length === REQUESTS.length, 20_000, service.output);
});
afterAll(() => service.stop());

interface Row {
  readonly id: string;
  readonly source: string;
  readonly query: string;
  readonly credentials: string;
  readonly headers: string;
}
function rows(): Row[] {
  const database = new DatabaseSync(`${service.inboxPath}-refused`, { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare('SELECT * FROM refused ORDER BY number').all() as unknown as Row[];
  } finally {
    database.close();
  }
}
const eventsOf = (source: string) =>
  service
    .events()
    .filter((event) => event.source === source)
    .map(({ body }) => body.toString());

test('of what a sender lists only so much is kept, and no credential that nobody reads; of a query a digest alone', () => {
  const kept = rows();
  expect(kept.map(({ query }) => query)).toEqual(
    REQUESTS.map(([source, query]) =>
      source === 'twilio' && query.includes(digest) ? `bodySHA256=${digest}` : '',
    ),
  );
  const strange = kept.find(({ credentials }) => credentials.includes('x-h0'));
  const lines = JSON.parse(strange?.credentials ?? '[]') as string[];
  expect(lines.filter((name) => name.startsWith('x-h')).length).toBeLessThanOrEqual(64);
  const texts = kept.map(({ query, credentials, headers }) => query + credentials + headers).join();
  expect(texts).not.toContain(CANARY);
});

test('what a handshake hands over is shown nowhere', async () => {
  const id = refusedIds[REQUESTS.findIndex(([source]) => source.startsWith('salesforce'))] as string;
  const config = join(import.meta.dirname, '../../fixtures/judged');
  const shownBy = async (...options: string[]) => {
    const env = { ...settings(OLD), DATABASE_URL: `sqlite:${service.inboxPath}` };
    return (await consignee(['events', '--config', config, 'refused', 'show', id, ...options], env)).output;
  };
  const page = (Accept: string) =>
    fetch(`http://127.0.0.1:${service.consolePort}/refused/${id}`, { headers: { Accept } }).then((answer) =>
      answer.text(),
    );
  const shown = await Promise.all([
    shownBy('--body'),
    shownBy('--json'),
    page('text/html'),
    page('application/json'),
  ]);
  for (const text of shown) expect(text).not.toContain(CANARY);
  expect(shown[0]?.trim()).toBe('{}');
  expect(shown[1]).toContain(id);
  expect(shown[2]).toContain(id);
  expect(shown[3]).toContain(id);
});

test('the new secret takes in what is signed over listed headers and digests, and makes no event of a handshake', async () => {
  const zoomHandshake = refusedIds[REQUESTS.findIndex(([, , , body]) => body === BODIES.zoom)] as string;
  const forged = REQUESTS.slice(-3).map(([source]) => source);
  service = await service.reopen({ env: settings(NEW) });
  await waitFor(() => rows().length <= forged.length + 1, 20_000, service.output);
  expect(rows().map(({ source }) => source)).toEqual(['salesforce-marketing-cloud', ...forged]);
  expect(eventsOf('contentful')).toEqual([BODIES.contentful]);
  expect(eventsOf('twilio')).toEqual([BODIES.twilio, BODIES.form]);
  expect(eventsOf('coinbase-cdp')).toEqual([BODIES.coinbase]);
  expect(eventsOf('zoom')).toEqual([BODIES.zoomEvent]);
  expect(eventsOf('slack')).toEqual([]);
  expect(eventsOf('bringing')).toEqual([BODIES.bringingEvent]);
  const line = await service.line(({ id }) => id === zoomHandshake);
  expect(line).toMatchObject({ source: 'zoom', outcome: 'handshake', msg: 'a refused request passes now' });
  expect(line).not.toHaveProperty('eventId');
  const arrived = takeArrived(join(service.inboxPath, '../data'), 'bringing');
  expect(arrived).toMatchObject([{ what: 'a URL to open', text: 'https://sns.example.com/confirm-me' }]);
});
