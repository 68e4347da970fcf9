/**
 * Tries at the start what will be asked of the tables for every event: keep it, know it again, hand it out, settle it. A
 * database that speaks PostgreSQL's protocol and cannot do one of them would take webhooks in and hand none out. All of it is
 * one transaction, which is rolled back. Called by tables.ts.
 */
import type pg from 'pg';
import type { Settlement } from '../contract.ts';
import { readContent } from '../identity.ts';
import { integerList, textList } from './binary-array.ts';
import { type Candidate, findKeys, insertCandidates } from './candidates.ts';
import { CLAIM, type Claimed } from './claims.ts';
import { writeSettlements } from './settle.ts';

/** No event has this number, and no source this name. */
const EVENT = -1;
const SOURCE = 'consignee';
const HANDLER = 'consignee/trial';
const OWNER = 0;
const BODY = Buffer.from('{"id":"\u00e4"}');

/** A statement has failed, or has answered something else than PostgreSQL would. */
export class StatementError extends Error {
  readonly code: string | undefined;

  constructor({ message, code }: Error & { code?: string }) {
    super(message);
    this.code = code;
  }
}

/** Throws StatementError; with the code of a lock that was not to be had in time, if that is all. */
export async function tryStatements(client: pg.ClientBase, lockMs: number): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${lockMs}`);
    await tryLifeOfEvent(client);
  } catch (error) {
    throw new StatementError(error as Error);
  } finally {
    await client.query('ROLLBACK');
  }
}

async function tryLifeOfEvent(client: pg.ClientBase): Promise<void> {
  const content = readContent(SOURCE, { id: [['id']], type: [] }, BODY);
  const arrival = { source: SOURCE, receivedAt: 0, address: '', headers: '{}', evidence: '[]', body: BODY };
  const candidate: Candidate = { arrival, content, identity: content.identity, held: null, number: EVENT };
  const work = [{ event: EVENT, handler: HANDLER, state: 'pending' }] as const;
  const fresh = await insertCandidates(client, [candidate], work, undefined);
  const again = await insertCandidates(client, [{ ...candidate, number: EVENT - 1 }], [], undefined);
  const known = (await findKeys(client, [candidate]))(content.identity);
  expectThat(fresh.has(EVENT) && again.size === 0 && known.number === EVENT, 'an event was not known again');
  const wanted = [textList([HANDLER]), integerList([1]), OWNER, BODY.length, false];
  const { rows } = await client.query<Claimed>({ ...CLAIM, values: wanted });
  const [claimed] = rows;
  expectThat(claimed?.event === EVENT && claimed.body.equals(BODY), 'an event was not handed out as it came');
  const settled = await writeSettlements(client, OWNER, [DONE]);
  const left = await client.query('SELECT FROM work WHERE event = $1', [EVENT]);
  expectThat(settled.length === 1 && left.rows.length === 0, 'an event was not done');
}

const DONE: Settlement = {
  event: EVENT,
  handler: HANDLER,
  attempt: 1,
  state: 'done',
  due: 0,
  counted: true,
  alone: false,
  startedAt: 0,
  ms: 0,
  error: null,
  status: null,
  output: null,
};

function expectThat(isSo: boolean, wrong: string): void {
  if (!isSo) throw new Error(wrong);
}
