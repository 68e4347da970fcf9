/** What gcs and bigquery say of their options when they are built: everything wrong, at boot, and nothing thrown. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BigQueryOptions, bigquery } from '../../../src/deliver/handlers/bigquery.ts';
import { type GcsOptions, gcs } from '../../../src/deliver/handlers/gcs.ts';
import { packageProblems, usesAccounts } from '../../../src/deliver/handlers/google.ts';
import { refusalOf } from '../../fixtures/google/writing.ts';
import { ROOT } from '../../harness/project.ts';

const ofGcs = (options: unknown) => gcs(options as GcsOptions).problems?.map(({ wrong }) => wrong);
const ofBigQuery = (options: unknown) =>
  bigquery(options as BigQueryOptions).problems?.map(({ wrong }) => wrong);
const EVENTS = { dataset: 'shipping', table: 'events' };

test('a handler that is told enough has no problems and shares its target with itself', () => {
  const objects = gcs({ bucket: 'my-webhooks', types: ['a_*'], maxAttempts: 3 });
  expect(objects).toMatchObject({ problems: [], types: ['a_*'], maxAttempts: 3, concurrency: 16 });
  expect(objects.timeLimitMs).toBeGreaterThan(20_000);
  const rows = bigquery({ ...EVENTS, batchRowsMax: 50, batchWaitMs: 1_000, timeoutMs: 5_000 });
  expect(rows).toMatchObject({ problems: [], concurrency: 50 });
  expect(rows.timeLimitMs).toBeGreaterThan(6_000);
  expect(bigquery({ ...EVENTS, concurrency: 7, projectId: undefined })).toMatchObject({
    problems: [],
    concurrency: 7,
  });
  expect(objects.target).not.toBe(gcs({ bucket: 'my-webhooks', prefix: 'a/' }).target);
});

test('what is missing is named, also if nothing is given at all', () => {
  for (const nothing of [{}, undefined, null, 'webhooks', 7]) {
    expect(ofGcs(nothing)).toContain('bucket of gcs is missing');
    expect(ofBigQuery(nothing)).toEqual(
      expect.arrayContaining(['dataset of bigquery is missing', 'table of bigquery is missing']),
    );
  }
  expect(ofGcs({ bucket: undefined })).toEqual(['bucket of gcs is missing']);
});

test('names that Google does not know are problems', () => {
  for (const bucket of ['', 'ab', 'My-Bucket', 'gs://webhooks', 'web hooks', '-webhooks', 'a..b', 7, null]) {
    expect(ofGcs({ bucket })).toEqual([`bucket of gcs is ${JSON.stringify(bucket)}`]);
  }
  for (const bucket of ['abc', 'example.com', 'a_b-c.1']) expect(ofGcs({ bucket })).toEqual([]);
  for (const prefix of ['a\nb', '\ud800', '{{projectId}}/', 'x'.repeat(801), 7]) {
    expect(ofGcs({ bucket: 'abc', prefix })).toEqual([expect.stringMatching(/^prefix of gcs is ["7]/)]);
  }
  for (const dataset of ['', 'my-data', 'project.data', 'a b', 'ü']) {
    expect(ofBigQuery({ ...EVENTS, dataset })).toEqual([`dataset of bigquery is ${JSON.stringify(dataset)}`]);
  }
  for (const table of ['', 'a.b', 'a$20260101', 'a/b', 'x'.repeat(1_025)]) {
    expect(ofBigQuery({ ...EVENTS, table })).toEqual([expect.stringMatching(/^table of bigquery is "/)]);
  }
  for (const table of ['events', 'Ereignisse für 2026', 'a-b_c']) {
    expect(ofBigQuery({ ...EVENTS, table })).toEqual([]);
  }
});

test('numbers and places are checked and repeated; URLs and files, which may hold a secret, are not', () => {
  const wrong = {
    timeoutMs: 0,
    batchRowsMax: 1.5,
    batchWaitMs: -1,
    location: 'E U',
    projectId: 'My Project',
    keyFile: '',
    apiEndpoint: 'https://me:hidden@localhost/',
  };
  const { problems = [] } = bigquery({ ...EVENTS, ...wrong });
  expect(problems.map((problem) => problem.wrong).sort()).toEqual([
    'apiEndpoint of bigquery is not an http:// or https:// URL without user, query and fragment',
    'batchRowsMax of bigquery is 1.5',
    'batchWaitMs of bigquery is -1',
    'keyFile of bigquery is not a path',
    'location of bigquery is "E U"',
    'projectId of bigquery is "My Project"',
    'timeoutMs of bigquery is 0',
  ]);
  expect(problems.map(({ fix }) => fix)).toContain('Use a whole number from 1 to 10000.');
  expect(JSON.stringify(problems)).not.toContain('hidden');
  for (const apiEndpoint of ['localhost:4443', 'ftp://localhost', 'http://localhost?x', 'x']) {
    expect(ofGcs({ bucket: 'abc', apiEndpoint })).toEqual([
      'apiEndpoint of gcs is not an http:// or https:// URL without user, query and fragment',
    ]);
  }
});

test('an option that there is not is named, and those that there are', () => {
  const [problem] = gcs({ bucket: 'abc', bukcet: 1 } as GcsOptions).problems ?? [];
  expect(problem).toMatchObject({
    setting: 'config/sources.ts',
    wrong: 'bukcet of gcs is not known',
    fix: expect.stringMatching(/^Did you mean bucket\? The names are bucket, prefix, .*\.$/),
  });
  expect(ofBigQuery({ ...EVENTS, batchMs: 1, toString: 1 })).toEqual([
    'batchMs of bigquery is not known',
    'toString of bigquery is not known',
  ]);
});

test('an emulator of BigQuery wants to know the project', () => {
  const apiEndpoint = 'http://localhost:9050';
  expect(ofBigQuery({ ...EVENTS, apiEndpoint })).toEqual([
    'projectId of bigquery is missing, and an emulator needs it',
  ]);
  expect(ofBigQuery({ ...EVENTS, apiEndpoint, projectId: 'test' })).toEqual([]);
});

test('credentials are shown to Google, and to others only if they are told so', () => {
  const shown = (apiEndpoint?: string, keyFile?: string) => usesAccounts({ apiEndpoint, keyFile }, undefined);
  expect(shown()).toBe(true);
  expect(shown('https://storage-me.p.googleapis.com')).toBe(true);
  expect(shown('https://storage.googleapis.com:443/')).toBe(true);
  expect(shown('http://localhost:4443')).toBe(false);
  expect(shown('https://googleapis.com.example.com')).toBe(false);
  expect(shown('https://example.com/storage.googleapis.com')).toBe(false);
  expect(shown('http://localhost:4443', 'key.json')).toBe(true);
  expect(usesAccounts({}, 'localhost:4443')).toBe(false);
});

describe('the packages', () => {
  test('one that cannot be found is a problem with its remedy', () => {
    const nowhere = () => {
      throw new Error('nowhere');
    };
    expect(packageProblems('gcs', '@google-cloud/storage', nowhere)).toEqual([
      {
        setting: 'config/sources.ts',
        wrong: 'gcs needs the package @google-cloud/storage',
        fix: 'Run npm install @google-cloud/storage.',
      },
    ]);
    expect(packageProblems('gcs', '@google-cloud/storage')).toEqual([]);
  });

  test('handlers where there are none are built, and say so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
    const script = `
      import { bigquery } from './src/deliver/handlers/bigquery.ts';
      import { gcs } from './src/deliver/handlers/gcs.ts';
      const handlers = [gcs({ bucket: 'abc' }), bigquery({ dataset: 'a', table: 'b' })];
      console.log(JSON.stringify(handlers.flatMap(({ problems }) => problems.map(({ fix }) => fix))));`;
    const args = ['--input-type=module', '--eval', script];
    const said = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(JSON.parse(said)).toEqual([
      'Run npm install @google-cloud/storage.',
      'Run npm install @google-cloud/bigquery.',
    ]);
  });
});

test('a service does not start with any of it, and lists it all', async () => {
  const { code, output } = await refusalOf(
    { url: 'http://127.0.0.1:1' },
    { gcs: { bucket: 'gs://x', acl: 'public' }, bigquery: { table: '', batchRows: 5 } },
  );
  expect(code).toBe(78);
  expect(output).toContain('config/sources.ts: bucket of gcs is "gs://x".');
  expect(output).toContain('config/sources.ts: acl of gcs is not known.');
  expect(output).toContain('config/sources.ts: table of bigquery is "".');
  expect(output.match(/batchRows of bigquery is not known/g)).toHaveLength(1);
});
