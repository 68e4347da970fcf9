/**
 * Makes the table ready for `consignee setup`: creates it if it is not there, and adds columns that are missing. It never
 * removes or changes one, so a table of your own works too, as long as its columns take these values.
 */
import type { BigQuery, TableMetadata, TableSchema } from '@google-cloud/bigquery';
import { answerOf } from '../google.ts';
import type { BigQueryOptions } from './options.ts';

type TablePlace = Readonly<Record<'dataset' | 'table', string>> & Pick<BigQueryOptions, 'location'>;

/** Says why the table cannot be made ready from here, and what to do. */
export class Unready extends Error {}

type Field = NonNullable<TableSchema['fields']>[number];

/** The first type is the one that is created; the others take the same values. */
const COLUMNS = {
  id: ['STRING'],
  ts: ['DATETIME', 'TIMESTAMP'],
  source: ['STRING'],
  type: ['STRING'],
  payload: ['STRING', 'JSON'],
} as const;

const FIELDS: Field[] = Object.entries(COLUMNS).map(([name, [type]]) => ({ name, type, mode: 'NULLABLE' }));

export async function setUpTable(bigquery: BigQuery, place: TablePlace): Promise<string> {
  const table = bigquery.dataset(place.dataset).table(place.table);
  const metadata = await table.getMetadata().then(([found]): TableMetadata => found, undefinedIfMissing);
  if (!metadata) return create(bigquery, place);
  const said = `table ${place.dataset}.${place.table}:`;
  const fields: Field[] = metadata.schema?.fields ?? [];
  const unfit = fields.filter((field) => !takesOurs(field)).map(({ name, type }) => `${name} (${type})`);
  if (unfit.length > 0)
    throw new Unready(`${said} these columns do not take what is written: ${unfit.join(', ')}`);
  const names = fields.map(({ name }) => name?.toLowerCase());
  const missing = FIELDS.filter(({ name }) => !names.includes(name));
  if (missing.length === 0) return `${said} has every column already`;
  // With its etag, so that a change that somebody else makes meanwhile is not undone.
  const { etag = '' } = metadata;
  await table.setMetadata({ etag, schema: { fields: [...fields, ...missing] } });
  return `${said} added ${missing.map(({ name }) => name).join(', ')}`;
}

async function create(bigquery: BigQuery, place: TablePlace): Promise<string> {
  const said = `table ${place.dataset}.${place.table}: created`;
  const isDone = await createTable(bigquery, place).then(() => true, undefinedIfMissing);
  if (isDone) return said;
  // Neither the table nor its dataset is there.
  if (place.location === undefined) {
    const fix = "create it where its data are to live, or give bigquery a location, as in location: 'EU'";
    throw new Unready(`the dataset ${place.dataset} is not there: ${fix}`);
  }
  await bigquery.createDataset(place.dataset, { location: place.location });
  await createTable(bigquery, place);
  return `${said}, and its dataset in ${place.location}`;
}

async function createTable(bigquery: BigQuery, { dataset, table }: TablePlace): Promise<void> {
  await bigquery.dataset(dataset).createTable(table, {
    schema: { fields: FIELDS },
    timePartitioning: { type: 'DAY', field: 'ts' },
    clustering: { fields: ['source', 'type'] },
  });
}

function undefinedIfMissing(thrown: unknown): undefined {
  if (answerOf(thrown).status !== 404) throw thrown;
}

function takesOurs({ name = '', type = '', mode }: Field): boolean {
  const ours = Object.entries(COLUMNS).find(([column]) => column === name.toLowerCase());
  // A column of somebody else's may be anything but required: nothing is written to it.
  if (!ours) return mode !== 'REQUIRED';
  return mode !== 'REPEATED' && ours[1].some((taken) => taken === type);
}
