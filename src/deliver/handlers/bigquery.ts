/**
 * Writes each event as a row of a BigQuery table, by streaming inserts (tabledata.insertAll), many rows in each request.
 * bigquery/insert.ts makes the row and says what a refusal means, bigquery/table.ts makes the table.
 *
 * At least once: an event whose request got no answer is inserted again. The event's id goes along as the insert id, by which
 * BigQuery leaves out a second row, but not always, and only within about a minute. This query leaves out the rest:
 *
 *   SELECT * FROM d.t QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) = 1
 *
 * The package @google-cloud/bigquery is loaded when the first event comes, and finds its credentials itself.
 */
import type { BigQuery, BigQueryOptions as ClientOptions } from '@google-cloud/bigquery';
import {
  type Flaw,
  flaw,
  integer,
  type RulesFor,
  text,
  type ValuesOf,
  withDefault,
} from '../../base/settings/rules.ts';
import { MINUTE_MS } from '../../base/times.ts';
import { Declined, type Handle, type HandlerOptions } from '../handler.ts';
import {
  bytesOf,
  type Fate,
  type Fates,
  INSERT_HINTS,
  insertRows,
  rowOf,
  type TableRow,
} from './bigquery/insert.ts';
import type { BigQueryOptions } from './bigquery/options.ts';
import { setUpTable, Unready } from './bigquery/table.ts';
import {
  answerOf,
  clientOptions,
  endIn,
  GOOGLE_RULES,
  opener,
  packageProblems,
  SLACK_MS,
  unavailable,
  usesAccounts,
  withinDeadline,
} from './google.ts';
import { type Choices, choicesOf, readOptions } from './options.ts';

type AuthClient = NonNullable<ClientOptions['authClient']>;

export type { BigQueryOptions };

const BATCH_BYTES_MAX = 5_000_000;
/** BigQuery takes 10 MB a row, and a request. */
const ROW_BYTES_MAX = 10_000_000;
const DATASET = /^\w{1,1024}$/;
const TABLE = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]{1,1024}$/u;
const LOCATION = /^[a-z][a-z0-9-]*$/i;
/** The rows are sent as they are, once; a row that is refused does not hold up the others. */
const INSERT = { raw: true, skipInvalidRows: true, partialRetries: 0 };
const RULES = {
  dataset: text((name) => DATASET.test(name), 'Write letters, digits and underscores, without the project.', {
    isRequired: true,
  }),
  table: text((name) => TABLE.test(name), "Write its name alone, without the dataset: table: 'events'.", {
    isRequired: true,
  }),
  location: text((name) => LOCATION.test(name), "Write a region of BigQuery: location: 'EU'."),
  // Google recommends 500 rows.
  batchRowsMax: withDefault(integer(1, 10_000), 500),
  batchWaitMs: withDefault(integer(0, MINUTE_MS), 200),
  ...GOOGLE_RULES,
} satisfies RulesFor<Omit<BigQueryOptions, keyof Choices>>;
type BigQuerySettings = ValuesOf<typeof RULES>;

/** A handler that writes a row for each event, its body as JSON. Needs `npm install @google-cloud/bigquery`. docs/targets.md */
export function bigquery(options: BigQueryOptions): HandlerOptions {
  const { given, problems } = readOptions('bigquery', options, RULES, projectFlaws);
  const { dataset = '', table = '', location, projectId, timeoutMs, batchRowsMax, batchWaitMs } = given;
  const { concurrency = batchRowsMax } = choicesOf(options);
  const open = opener(() => openClient(given));
  const insert = rowBatcher({
    // No further event comes before one of these is done.
    rowsMax: Math.min(batchRowsMax, concurrency),
    bytesMax: BATCH_BYTES_MAX,
    waitMs: batchWaitMs,
    insert: (rows, stopping) => {
      let end: AbortSignal | undefined;
      return insertRows(rows, async (some) => {
        const place = (await open()).dataset(dataset).table(table);
        end ??= endIn(timeoutMs, stopping);
        await withinDeadline(end, () => place.insert([...some], INSERT));
      });
    },
  });
  const setUp = async () => {
    const client = await open();
    const work = () => setUpTable(client, { dataset, table, location });
    return withinDeadline(endIn(timeoutMs), work).catch((thrown) => {
      throw thrown instanceof Unready ? thrown : unavailable(answerOf(thrown), INSERT_HINTS);
    });
  };
  return {
    concurrency,
    ...choicesOf(options),
    handle: insertBy(insert),
    setUp,
    problems: [...problems, ...packageProblems('bigquery', '@google-cloud/bigquery')],
    timeLimitMs: batchWaitMs + timeoutMs + SLACK_MS,
    target: `bigquery ${projectId ?? ''}.${dataset}.${table}`,
  };
}

function insertBy(insert: ReturnType<typeof rowBatcher>): Handle {
  return async (event, { signal, record }) => {
    const row = rowOf(event);
    const bytes = bytesOf(row);
    if (bytes > ROW_BYTES_MAX) {
      throw new Declined(`its row takes ${bytes} bytes, and BigQuery at most ${ROW_BYTES_MAX}`, 1);
    }
    const { result, error } = await insert({ row, bytes, signal });
    record(result);
    if (!error) return;
    signal.throwIfAborted();
    throw error;
  };
}

async function openClient(given: BigQuerySettings): Promise<BigQuery> {
  const { BigQuery } = await import('@google-cloud/bigquery');
  if (usesAccounts(given, process.env.BIGQUERY_EMULATOR_HOST)) return new BigQuery(clientOptions(given));
  // The storage library does this by itself. This one would search for credentials, in the network too.
  const nobody = { getRequestHeaders: async () => new Headers() } as unknown as AuthClient;
  return new BigQuery({ ...clientOptions(given), authClient: nobody });
}

/** An emulator does not know a project of its own. */
function projectFlaws(given: BigQuerySettings): Flaw[] {
  if (given.projectId !== undefined || usesAccounts(given, process.env.BIGQUERY_EMULATOR_HOST)) return [];
  const fix = "Write the one that the emulator knows: projectId: 'test'.";
  return [flaw('is missing, and an emulator needs it', fix, 'projectId')];
}

interface BatchRow {
  readonly row: TableRow;
  readonly bytes: number;
  readonly signal: AbortSignal;
}

interface BatchOptions {
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly waitMs: number;
  /** Tells the fate of every row that it is given, even when the signal aborts. */
  readonly insert: (rows: readonly TableRow[], signal: AbortSignal) => Promise<Fates>;
}

/**
 * Collects the rows of concurrent attempts, so that many events are one request. A batch leaves when it has `rowsMax` rows or
 * `bytesMax` bytes, or `waitMs` after its first row; each attempt ends with the fate of its own row.
 */
export function rowBatcher({ rowsMax, bytesMax, waitMs, insert }: BatchOptions) {
  let waiting: (BatchRow & PromiseWithResolvers<Fate>)[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;

  return function add(row: BatchRow): Promise<Fate> {
    if (waiting.length > 0 && bytes + row.bytes > bytesMax) void leave();
    const fate = Promise.withResolvers<Fate>();
    waiting.push({ ...row, ...fate });
    bytes += row.bytes;
    if (waiting.length >= rowsMax || bytes >= bytesMax) void leave();
    else timer ??= setTimeout(leave, waitMs);
    return fate.promise;
  };

  async function leave(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting;
    waiting = [];
    bytes = 0;
    const rows = batch.map(({ row }) => row);
    try {
      // All of them abort when the service stops. A single attempt does not end before its batch: it has more time.
      const fates = await insert(rows, AbortSignal.any(batch.map(({ signal }) => signal)));
      for (const { row, resolve } of batch) resolve(fates.get(row) as Fate);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
