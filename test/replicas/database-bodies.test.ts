/** Events that PostgreSQL's own types cannot hold: kept byte for byte, handed on exactly as sent, and no trouble in SQL. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { givenIn } from '../fixtures/odd/sources.ts';
import { runToEnd } from '../harness/command.ts';
import { type Answer, deliver, numberOf } from '../harness/deliver.ts';
import { type Database, freshDatabase } from '../harness/postgres.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { type Service, startService } from '../harness/service.ts';

const MIB = 1_048_576;
const CONFIG = join(ROOT, 'test/fixtures/odd');
const ENV = { JOBS_WEBHOOK_SECRET: SECRET, THINGS_WEBHOOK_SECRET: SECRET };

interface Odd {
  readonly body: string | Buffer;
  readonly id: string | null;
  readonly type: string | null;
  /** If it is not the same there. */
  readonly inTables?: Pick<Odd, 'id' | 'type'>;
  /** Not for handlers. */
  readonly held?: true;
  /** What SQL sees of it; `null` if that is nothing. */
  readonly payload: 'object' | 'array' | 'number' | null;
}

const longId = 'i'.repeat(MIB - 100);
const deep = `{"id":"deep","type":"deep","v":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
const largest = `{"id":"largest","type":"t","v":"${'é'.repeat((MIB - 40) / 2)}"}`;

const ODD: Readonly<Record<string, Odd>> = {
  plain: {
    body: '{"id":"plain","type":"/a#b","data":{"n":7}}',
    id: 'plain',
    type: '/a#b',
    payload: 'object',
  },
  'NUL in a text': { body: '{"id":"nul","type":"t","v":"a\\u0000b"}', id: 'nul', type: 't', payload: null },
  'NUL in the id': { body: '{"id":"a\\u0000b","type":"t"}', id: 'a\0b', type: 't', payload: null },
  'NUL in the type': { body: '{"id":"of nul","type":"\\u0000"}', id: 'of nul', type: '\0', payload: null },
  'the symbol for NUL': { body: '{"id":"a␀b","type":"␀"}', id: 'a␀b', type: '␀', payload: 'object' },
  'half a character': {
    body: '{"id":"\\ud800x","type":"\\udc00"}',
    id: '\ud800x',
    type: '\udc00',
    // No UTF-8 has it, in SQLite's tables neither; the body has it still.
    inTables: { id: '\ufffdx', type: '\ufffd' },
    payload: null,
  },
  'the symbol for no character': {
    body: '{"id":"\ufffd","type":"\ufffd"}',
    id: '\ufffd',
    type: '\ufffd',
    payload: 'object',
  },
  'a large number': { body: '{"id":1e400,"type":"t"}', id: '1e400', type: 't', payload: 'object' },
  'a number beyond all': {
    body: '{"id":"huge","type":"t","v":1e200000}',
    id: 'huge',
    type: 't',
    payload: null,
  },
  'an exact number': {
    body: '{"id":12345678901234567890}',
    id: '12345678901234567890',
    type: null,
    payload: 'object',
  },
  deep: { body: deep, id: 'deep', type: 'deep', payload: null },
  'a long id': { body: `{"id":"${longId}","type":"t"}`, id: longId, type: 't', payload: 'object' },
  'a large body': { body: largest, id: 'largest', type: 't', payload: 'object' },
  'a name twice': { body: '{"id":1,"id":"two","type":"t"}', id: 'two', type: 't', payload: 'object' },
  'a list': { body: '[1, 2]', id: null, type: null, payload: 'array' },
  'a number': { body: '7', id: null, type: null, payload: 'number' },
  'a byte order mark': { body: '\ufeff{"id":"bom","type":"t"}', id: 'bom', type: 't', payload: 'object' },
  'two byte order marks': { body: '\ufeff\ufeff{"id":1}', id: null, type: null, held: true, payload: null },
  'no JSON': { body: 'not {json', id: null, type: null, held: true, payload: null },
  nothing: { body: '', id: null, type: null, held: true, payload: null },
  'no UTF-8': {
    body: Buffer.from('{"id":"\xff\xfe"}', 'latin1'),
    id: null,
    type: null,
    held: true,
    payload: null,
  },
  'NUL itself': { body: Buffer.from([0, 1, 2, 0xff]), id: null, type: null, held: true, payload: null },
};

let database: Database;
let both: Service;
let receiver: Service;
const start = (...args: string[]) => startService({ database: database.url, config: CONFIG, env: ENV, args });
beforeAll(async () => {
  database = await freshDatabase();
  [both, receiver] = [await start(), await start('--receive-only')];
});
afterAll(async () => {
  await both.stop();
  await receiver.stop();
  await database.drop();
});

interface Stored {
  readonly number: number;
  readonly body: Buffer;
  readonly held: string | null;
}

async function expectStored(odd: Odd, { id, status, outcome }: Answer): Promise<void> {
  expect([status, outcome]).toEqual([200, 'accepted']);
  const [stored] = await database.query<Stored>('SELECT * FROM inbox WHERE number = $1', numberOf(id));
  expect(stored?.body.equals(Buffer.from(odd.body))).toBe(true);
  expect(stored?.held !== null).toBe(odd.held === true);
}

async function expectGiven(odd: Odd, { id }: Answer, said: Pick<Odd, 'id' | 'type'>): Promise<void> {
  const given = () => givenIn(both.folder).filter((one) => one.id === id);
  const work = () => database.query('SELECT state FROM work WHERE event = $1', numberOf(id));
  await expect.poll(work).toEqual(odd.held ? [{ state: 'held' }] : []);
  const { id: externalId, type } = said;
  const body = Buffer.from(odd.body).toString('base64');
  expect(given()).toEqual(odd.held ? [] : [{ id, type, externalId, body }]);
}

const odds = Object.entries(ODD);
const ids = new Map<string, Odd>();

/** In the process that handles it, or in another one: then the handler's side has it from the tables. */
describe.each([
  ['from memory', 'jobs', () => both],
  ['from the tables', 'things', () => receiver],
])('handed on %s', (_where, source, taker) => {
  test.each(odds)('%s', async (_title, odd) => {
    const answer = await deliver(taker(), source, odd.body);
    ids.set(answer.id, odd);
    await expectStored(odd, answer);
    await expectGiven(odd, answer, taker() === both ? odd : (odd.inTables ?? odd));
    const again = await deliver(taker(), source, odd.body);
    expect([again.outcome, again.id]).toEqual(['duplicate', answer.id]);
  });
});

test('the view has each of them, as JSON where PostgreSQL can read it as such', async () => {
  const known = odds.filter(([, { payload }]) => payload !== null);
  expect(await database.query('SELECT count(*), count(payload) AS known FROM events')).toEqual([
    { count: 2 * odds.length, known: 2 * known.length },
  ]);
  for (const [id, odd] of ids) {
    const rows = await database.query<{ kind: string; type: string | null }>(
      "SELECT *, jsonb_typeof(payload) AS kind, payload ->> 'type' AS type FROM events WHERE id = $1",
      id,
    );
    const type = odd.payload === 'object' ? odd.type : null;
    expect(rows).toMatchObject([{ id, kind: odd.payload, type }]);
  }
});

test('the commands show them', async () => {
  const consignee = (...args: string[]) =>
    runToEnd(['events', ...args, '--config', CONFIG], {
      env: { ...ENV, DATABASE_URL: database.url, CONSOLE_PORT: '1' },
      cwd: both.folder,
    });
  const list = await consignee('list', '--json', '--limit', '100');
  expect([list.code, list.output.split('\n').length - 1]).toEqual([0, 2 * odds.length]);
  const show = await consignee('show', '--json', ...ids.keys());
  expect(show.code).toBe(0);
});
