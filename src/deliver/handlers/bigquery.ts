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
import { type Flaw, flaw, integer, type RulesFor, text, type ValuesOf } from '../../base/settings/rules.ts';
import { Declined, type Handle, type HandlerOptions } from '../handler.ts';
import { Batcher } from './bigquery/batcher.ts';
import { bytesOf, INSERT_HINTS, insertRows, rowOf } from './bigquery/insert.ts';
import { setUpTable, Unready } from './bigquery/table.ts';
import { answerOf, unavailable } from './google/answers.ts';
import {
  clientOptions,
  GOOGLE_RULES,
  type GoogleOptions,
  opener,
  packageProblems,
  usesAccounts,
} from './google/client.ts';
import { endIn, withinDeadline } from './google/deadline.ts';
import { type Choices, choicesOf, readOptions } from './options.ts';

type AuthClient = NonNullable<ClientOptions['authClient']>;

export interface BigQueryOptions extends GoogleOptions, Choices {
  readonly dataset: string | undefined;
  readonly table: string | undefined;
  /** Where `consignee setup` creates the dataset, if it is not there. */
  readonly location?: string | undefined;
  readonly batchRowsMax?: number | undefined;
  readonly batchWaitMs?: number | undefined;
}

const TIMEOUT_MS = 20_000;
/** Loading the package counts towards the time limit, but not towards the timeout. */
const SLACK_MS = 5_000;
/** Google recommends 500 rows. */
const BATCH_ROWS_MAX = 500;
const BATCH_BYTES_MAX = 5_000_000;
const BATCH_WAIT_MS = 200;
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
  batchRowsMax: integer(1, 10_000),
  batchWaitMs: integer(0, 60_000),
  ...GOOGLE_RULES,
} satisfies RulesFor<Omit<BigQueryOptions, keyof Choices>>;
type BigQuerySettings = ValuesOf<typeof RULES>;

export function bigquery(options: BigQueryOptions): HandlerOptions {
  const { given, problems } = readOptions('bigquery', options, RULES, projectFlaws);
  const { dataset = '', table = '', location, projectId, timeoutMs = TIMEOUT_MS } = given;
  const { batchRowsMax = BATCH_ROWS_MAX, batchWaitMs = BATCH_WAIT_MS } = given;
  const { concurrency = batchRowsMax } = choicesOf(options);
  const open = opener(() => openClient(given));
  const batcher = new Batcher({
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
    handle: insertInto(batcher),
    setUp,
    problems: [...problems, ...packageProblems('bigquery', '@google-cloud/bigquery')],
    timeLimitMs: batchWaitMs + timeoutMs + SLACK_MS,
    target: `bigquery ${projectId ?? ''}.${dataset}.${table}`,
  };
}

function insertInto(batcher: Batcher): Handle {
  return async (event, { signal, record }) => {
    const row = rowOf(event);
    const bytes = bytesOf(row);
    if (bytes > ROW_BYTES_MAX) {
      throw new Declined(`its row takes ${bytes} bytes, and BigQuery at most ${ROW_BYTES_MAX}`, 1);
    }
    const { result, error } = await batcher.add({ row, bytes, signal });
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
