/** `consignee setup`: what is prepared for the handlers, once and as often as one likes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Google, newTable, startGoogle } from '../deliver/handlers/google.ts';
import { CONFIG, environmentFor, type Options } from '../fixtures/google/writing.ts';
import { NODE } from '../harness/command.ts';
import { ROOT } from '../harness/project.ts';

const SCRIPT = `
  const { run } = await import('${join(ROOT, 'src/ops/setup.ts')}');
  process.exitCode = await run(process.argv.slice(1)).catch((error) => {
    console.error(error.message);
    return 78;
  });`;
/** Nothing hangs here, and a busy machine takes its time. */
const PATIENT = { timeoutMs: 60_000 };
let google: Google;

beforeAll(async () => {
  google = await startGoogle();
});
beforeEach(() => {
  google.tables.clear();
  google.asked.length = 0;
});
afterAll(() => google.close());

async function setup(args: string[] = [], options: Options = {}, config = CONFIG) {
  const { gcs, bigquery } = options;
  const patient = { gcs: { ...PATIENT, ...gcs }, bigquery: { ...PATIENT, ...bigquery } };
  const env = { ...NODE, ...environmentFor(google, patient) };
  const node = ['--input-type=module', '--eval', SCRIPT, '--', ...args, '--config', config];
  const child = spawn(process.execPath, node, { cwd: ROOT, env });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...texts };
}

const columns = () =>
  google.tables.get('shipping.events')?.fields.map(({ name, type, mode }) => `${name} ${type} ${mode}`);
const COLUMNS = ['id STRING', 'ts DATETIME', 'source STRING', 'type STRING', 'payload STRING'].map(
  (column) => `${column} NULLABLE`,
);

test('creates the table, once for two sources, and says that the bucket is there', async () => {
  const { code, stdout, stderr } = await setup();
  expect(stdout).toBe(
    'objects/store  bucket webhooks: is there, and objects may be created in it\n' +
      'rows/insert, more-rows/insert  table shipping.events: created\n',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(columns()).toEqual(COLUMNS);
  expect(google.tables.get('shipping.events')).toMatchObject({
    timePartitioning: { type: 'DAY', field: 'ts' },
    clustering: { fields: ['source', 'type'] },
  });
  expect(google.authorizations).toEqual([]);
});

test('a second time it changes nothing', async () => {
  await setup(['rows/insert']);
  google.asked.length = 0;
  const { code, stdout } = await setup(['rows/insert']);
  expect([code, stdout]).toEqual([0, 'rows/insert  table shipping.events: has every column already\n']);
  expect(google.asked.every((asked) => asked.startsWith('GET '))).toBe(true);
});

test('adds the columns that the old table of three lacks, and leaves the rest as it is', async () => {
  const old = newTable('old');
  old.fields.push({ name: 'Remark', type: 'INTEGER', mode: 'NULLABLE' });
  google.tables.set('shipping.events', old);
  const { code, stdout } = await setup(['more-rows/insert']);
  expect([code, stdout]).toEqual([0, 'more-rows/insert  table shipping.events: added source, type\n']);
  expect(columns()).toEqual([
    'id STRING NULLABLE',
    'ts DATETIME NULLABLE',
    'payload STRING NULLABLE',
    'Remark INTEGER NULLABLE',
    'source STRING NULLABLE',
    'type STRING NULLABLE',
  ]);
});

test('a table that cannot take the rows is left alone', async () => {
  const other = newTable();
  other.fields[0] = { name: 'ID', type: 'INTEGER', mode: 'NULLABLE' };
  other.fields.push({ name: 'owner', type: 'STRING', mode: 'REQUIRED' });
  google.tables.set('shipping.events', other);
  const { code, stdout, stderr } = await setup(['rows/insert']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe(
    'rows/insert  table shipping.events: these columns do not take what is written: ID (INTEGER), owner (STRING)\n',
  );
});

test('a missing dataset is created only where one says', async () => {
  google.datasets.clear();
  const told = await setup(['rows/insert']);
  expect([told.code, told.stdout]).toEqual([1, '']);
  expect(told.stderr).toMatch(
    /^rows\/insert {2}the dataset shipping is not there: create it .*location: 'EU'\n$/,
  );
  const made = await setup(['rows/insert'], { bigquery: { location: 'europe-west3' } });
  expect(made.stdout).toBe('rows/insert  table shipping.events: created, and its dataset in europe-west3\n');
  expect(google.datasets.get('shipping')).toBe('europe-west3');
  expect(columns()).toEqual(COLUMNS);
});

test('one that fails is told in a sentence, and the others go on', async () => {
  const missing = await setup([], { gcs: { bucket: 'nowhere' } });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toBe(
    'objects/store  Google answered 404: The specified bucket does not exist. Look at the name of the bucket, or create it.\n',
  );
  expect(missing.stdout).toContain('table shipping.events: created');
  google.forbidden.add('webhooks');
  const closed = await setup(['objects/store']);
  expect(closed.stderr).toContain('the account may not write to the bucket webhooks.');
  google.forbidden.clear();
});

test('a server that is not there is told as well', async () => {
  const { code, stderr } = await setup(['rows/insert'], { bigquery: { apiEndpoint: 'http://127.0.0.1:1' } });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^rows\/insert {2}no answer from Google: .*ECONNREFUSED.*\n$/);
});

test('a handler that there is not is a mistake, and nothing is done', async () => {
  const { code, stderr } = await setup(['rows/inserts']);
  expect(code).toBe(64);
  expect(stderr).toContain(
    'there is no handler rows/inserts; they are objects/store, rows/insert, more-rows/insert',
  );
  expect(google.asked).toEqual([]);
});

test('where there is nothing to set up, it says so', async () => {
  const { code, stdout } = await setup([], {}, join(ROOT, 'test/fixtures/fewer'));
  expect([code, stdout]).toEqual([0, 'There is nothing to set up.\n']);
});

test('with settings that the service would not start with, nothing is done', async () => {
  const { code, stderr } = await setup([], { gcs: { bucket: 'No' } });
  expect(code).toBe(78);
  expect(stderr).toContain('config/sources.ts: bucket of gcs is ');
  expect(google.asked).toEqual([]);
});
