/** Where the inbox may be, and that no message ever shows a database's password. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { type Transport, transportOf } from '../../../src/inbox/postgres/url.ts';
import { runToEnd } from '../../harness/command.ts';
import { GOOD, reading, settingsOf, textOf } from './reading.ts';

const HERE = `postgres://consignee:${GOOD}@localhost/inbox`;
const THERE = `postgres://consignee:${GOOD}@db.example:6543/inbox`;
const ON = { FLEXPORT_WEBHOOK_SECRET: GOOD };

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string): string {
  const path = join(folder, String(files++));
  writeFileSync(path, content);
  return path;
}

const databaseOf = (environment: Record<string, string>) => {
  const { config, problems } = reading(environment);
  expect(problems).toEqual([]);
  return config.database;
};
const withQuery = (query: string) => ({ DATABASE_URL: `${HERE}?${query}` });

test('an SQLite inbox has its refused requests beside it, PostgreSQL in the folder of this machine', () => {
  expect(reading({ DATABASE_URL: 'sqlite:/var/lib/inbox.db' }).config).toMatchObject({
    database: { kind: 'sqlite', path: '/var/lib/inbox.db' },
    refusedPath: '/var/lib/inbox.db-refused',
  });
  expect(reading({ DATABASE_URL: HERE }).config).toMatchObject({ refusedPath: 'data/refused.db' });
  expect(reading({ DATABASE_URL: HERE, DATA_DIR: '/data' }).config).toMatchObject({
    dataDir: '/data',
    refusedPath: '/data/refused.db',
  });
});

test('without a URL the inbox is a file in the folder of this machine', () => {
  expect(databaseOf({ DATA_DIR: '/data' })).toEqual({ kind: 'sqlite', path: '/data/inbox.db' });
  expect(databaseOf({ DATA_DIR: '', DATABASE_URL: '' })).toEqual({ kind: 'sqlite', path: 'data/inbox.db' });
});

test('both spellings of PostgreSQL are read, and people see neither user nor password', () => {
  for (const scheme of ['postgres', 'postgresql', 'POSTGRES']) {
    const url = THERE.replace('postgres', scheme);
    expect(databaseOf({ DATABASE_URL: url })).toEqual({
      kind: 'postgres',
      url,
      place: 'db.example:6543/inbox',
    });
  }
});

test.each([
  ['postgres://me@db/inbox', 'db:5432/inbox'],
  ['postgres://me@[::1]:5433/inbox', '[::1]:5433/inbox'],
  ['postgres://me@/inbox?host=/var/run/postgresql', '/var/run/postgresql:5432/inbox'],
  ['postgres:///inbox?host=/var/run/postgresql&port=5433', '/var/run/postgresql:5433/inbox'],
  ['postgres://%2Fvar%2Frun/inbox', '/var/run:5432/inbox'],
  ['postgres://db/inbox?host=other&user=me', 'other:5432/inbox'],
  ['postgres://me@db/the%20inbox', 'db:5432/the%20inbox'],
])('%s is at %s, to the driver as well', (url, place) => {
  expect(databaseOf({ DATABASE_URL: url })).toMatchObject({ kind: 'postgres', place });
  const { host, port, database } = new pg.Client({ connectionString: url });
  const shown = host.includes(':') ? `[${host}]` : host;
  expect(`${shown}:${port}/${encodeURI(database ?? '')}`).toBe(place);
});

test('the URL may be in a file, with white space around it', () => {
  expect(databaseOf({ DATABASE_URL_FILE: file(`${THERE}\n`) })).toMatchObject({ url: THERE });
  expect(databaseOf({ DATABASE_URL_FILE: file(` ${THERE}\r\n\n`) })).toMatchObject({ url: THERE });
  expect(databaseOf({ DATABASE_URL_FILE: file('sqlite:x.db\n'), DATABASE_URL: '' })).toEqual({
    kind: 'sqlite',
    path: 'x.db',
  });
});

const SPECIAL = [
  'p#',
  'p/',
  'p?',
  '12/p',
  '12?p',
  '12#p',
  'p%',
  'p%4',
  'p%zz',
  'p%ff',
  'p q',
  'p\tq',
  'p@/',
  '1/x@',
];

test.each(SPECIAL)('a password with characters that are not encoded is refused, and not shown: %j', (odd) => {
  const password = `${odd}${GOOD}`;
  const { problems, config } = reading({ DATABASE_URL: `postgres://consignee:${password}@db.example/inbox` });
  expect(settingsOf(problems)).toEqual(['DATABASE_URL']);
  expect(textOf(problems)).not.toContain(GOOD);
  expect(JSON.stringify(config)).not.toContain(GOOD);
});

test.each([...SPECIAL, 'p:', 'p&=+', 'p;,', 'pä€', 'p\\"\'`<>[]{}|^', '@@'])(
  'encoded, the driver reads it as it is, and it is not shown: %j',
  (odd) => {
    const password = `${odd}${GOOD}`;
    const url = `postgres://consignee:${encodeURIComponent(password)}@db.example/inbox`;
    const { problems, warnings, config } = reading({ DATABASE_URL: url, NODE_ENV: 'production', ...ON });
    expect(problems).toEqual([]);
    expect(config.database).toEqual({ kind: 'postgres', url, place: 'db.example:5432/inbox' });
    expect(new pg.Client({ connectionString: url }).password).toBe(password);
    expect(textOf(warnings)).not.toContain(GOOD);
  },
);

test.each([
  ['an inbox that is not kept', { DATABASE_URL: 'sqlite::memory:' }, 'sqlite:<path'],
  ['an inbox without a name', { DATABASE_URL: 'sqlite:' }, 'sqlite:<path'],
  ['a file on another machine', { DATABASE_URL: 'sqlite://host/inbox.db' }, 'sqlite:<path'],
  ['a bare path', { DATABASE_URL: 'data/inbox.db' }, 'sqlite:<path'],
  ['a database we do not know', { DATABASE_URL: THERE.replace('postgres', 'mysql') }, 'sqlite:<path'],
  ['a database whose name is misspelt', { DATABASE_URL: THERE.replace('postgres', 'pg') }, 'postgres://user'],
  [
    'another word for PostgreSQL',
    { DATABASE_URL: THERE.replace('postgres', 'pgsql') },
    'sqlite:<path of a file> or postgres://user:password@host:5432/database',
  ],
  ['no slashes', { DATABASE_URL: THERE.replace('//', '') }, 'not of the form'],
  ['one slash', { DATABASE_URL: THERE.replace('//', '/') }, 'not of the form'],
  ['a port in words', { DATABASE_URL: THERE.replace('6543', 'pgsql') }, 'not of the form'],
  ['several ports', { DATABASE_URL: THERE.replace('/inbox', ',db2:6543/inbox') }, 'several hosts'],
  [
    'a primary among several',
    withQuery('target_session_attrs=read-write'),
    'has target_session_attrs=, which has no effect',
  ],
  [
    'a limit that would be ignored',
    withQuery('connect_timeout=10'),
    'has connect_timeout=, which has no effect',
  ],
  ['a parameter that nobody knows', withQuery(`${GOOD}=1`), 'has a parameter that is not known here'],
  ['several hosts', { DATABASE_URL: `postgres://me:${GOOD}@db1,db2/inbox` }, 'several hosts'],
  ['several hosts, as a parameter', withQuery('host=db1,db2'), 'several hosts'],
  ['no host', { DATABASE_URL: 'postgres:///inbox' }, 'no host'],
  ['a user and no host', { DATABASE_URL: `postgres://me:${GOOD}@/inbox` }, 'no host'],
  [
    'a port that is none',
    withQuery('port=0'),
    'has a port that is not a number from 1 to 65535. Leave it out for 5432.',
  ],
  [
    'a port beyond all',
    withQuery('port=65536'),
    'has a port that is not a number from 1 to 65535. Leave it out for 5432.',
  ],
  ['no database', { DATABASE_URL: `postgres://me:${GOOD}@db` }, 'no database'],
  ['no database behind the slash', { DATABASE_URL: `postgres://me:${GOOD}@db/` }, 'no database'],
  ['TLS if the server likes', withQuery('sslmode=prefer'), 'leaves it to the server'],
  ['TLS if the server insists', withQuery('sslmode=allow'), 'leaves it to the server'],
  [
    'a mode that is none',
    withQuery(`sslmode=${GOOD}`),
    'has an unknown sslmode. Use sslmode=verify-full (or no-verify, ',
  ],
  [
    'a mode that every object has',
    withQuery('sslmode=constructor'),
    'has an unknown sslmode. Use sslmode=verify-full (or no-verify, ',
  ],
  [
    'a mode in capitals',
    withQuery('sslmode=VERIFY-FULL'),
    'has an unknown sslmode. Use sslmode=verify-full (or no-verify, ',
  ],
  ['an empty mode', withQuery('sslmode='), 'has an unknown sslmode. Use sslmode=verify-full (or no-verify, '],
  ['a good mode, then a bad one', withQuery('sslmode=verify-full&sslmode=allow'), 'leaves it to the server'],
  ['TLS by another parameter', withQuery('ssl=true'), 'sslmode= says it all'],
  ['modes of another meaning', withQuery('uselibpqcompat=true&sslmode=require'), 'sslmode= says it all'],
  [
    'an authority that is not there',
    withQuery(`sslrootcert=/${GOOD}.pem`),
    'sslrootcert that cannot be read (ENOENT)',
  ],
  ['a certificate that is a folder', withQuery('sslcert=/'), 'sslcert that cannot be read (EISDIR)'],
  ['a key that is not there', withQuery(`sslkey=/${GOOD}.pem`), 'sslkey that cannot be read (ENOENT)'],
])(
  'this keeps the service from starting, is told from whichever form, and not shown: %s',
  (_title, environment, says) => {
    const { DATABASE_URL } = environment;
    const { problems, config } = reading(environment);
    expect(settingsOf(problems)).toEqual(['DATABASE_URL']);
    expect(textOf(problems)).toContain(says);
    expect(textOf(problems)).not.toContain(GOOD);
    expect(config.refusedPath).not.toContain(GOOD);
    const inFile = reading({ DATABASE_URL_FILE: file(`${DATABASE_URL}\n`) });
    expect(settingsOf(inFile.problems)).toEqual(['DATABASE_URL_FILE']);
  },
);

test('so does a file that cannot be read, one that is empty, and both forms at once', () => {
  const gone = reading({ DATABASE_URL_FILE: join(folder, 'gone') });
  expect(textOf(gone.problems)).toMatch(/^DATABASE_URL_FILE names a file that cannot be read \(ENOENT\)/);
  const empty = reading({ DATABASE_URL_FILE: file(' \n') });
  expect(textOf(empty.problems)).toMatch(/^DATABASE_URL_FILE names a file that is empty/);
  const both = reading({ DATABASE_URL: HERE, DATABASE_URL_FILE: file(THERE) });
  expect(textOf(both.problems)).toMatch(/^DATABASE_URL is set, and DATABASE_URL_FILE too/);
});

test('a placeholder for a password is a warning, and in production a problem', () => {
  for (const DATABASE_URL of [
    'postgres://me:changeme@localhost/inbox',
    'postgres:///inbox?host=/tmp&password=%3Cpassword%3E',
  ]) {
    const development = reading({ DATABASE_URL });
    expect([development.problems, settingsOf(development.warnings)]).toEqual([[], ['DATABASE_URL']]);
    const production = reading({ DATABASE_URL, NODE_ENV: 'production', ...ON });
    expect([settingsOf(production.problems), production.warnings]).toEqual([['DATABASE_URL'], []]);
    expect(textOf(production.problems)).not.toMatch(/changeme|<password>/);
  }
  expect(reading({ DATABASE_URL: 'postgres://me@localhost/inbox' }).warnings).toEqual([]);
});

const CERTIFICATE = file('a certificate');

test.each<[string, Transport]>([
  ['postgres://me@localhost/inbox', 'inside'],
  ['postgres://me@LocalHost/inbox', 'inside'],
  ['postgres://me@127.0.0.9/inbox', 'inside'],
  ['postgres://me@[::1]/inbox', 'inside'],
  ['postgres:///inbox?host=/tmp', 'inside'],
  ['postgres://me@localhost.example/inbox', 'open'],
  ['postgres://me@10.0.0.5/inbox', 'open'],
  ['postgres://me@localhost/inbox?host=db', 'open'],
  ['postgres://me@db/inbox?sslmode=disable', 'open'],
  [`postgres://me@db/inbox?sslmode=disable&sslrootcert=${CERTIFICATE}`, 'open'],
  ['postgres://me@db/inbox?sslmode=verify-full&sslmode=disable', 'open'],
  ['postgres://me@db/inbox?sslmode=no-verify', 'encrypted'],
  ['postgres://me@db/inbox?sslmode=require', 'verified'],
  ['postgres://me@db/inbox?sslmode=verify-ca', 'verified'],
  ['postgres://me@db/inbox?sslmode=verify-full', 'verified'],
  ['postgres://me@db/inbox?sslmode=disable&sslmode=verify-full', 'verified'],
  [`postgres://me@db/inbox?sslrootcert=${CERTIFICATE}`, 'verified'],
  ['postgres://me@db/inbox?sslnegotiation=direct', 'verified'],
])('what is sent to %s travels %s, and without TLS production is warned', (url, transport) => {
  expect(transportOf(url)).toBe(transport);
  const { problems, warnings, config } = reading({ DATABASE_URL: url, NODE_ENV: 'production', ...ON });
  expect(problems).toEqual([]);
  expect(settingsOf(warnings)).toEqual(transport === 'open' ? ['DATABASE_URL'] : []);
  expect(reading({ DATABASE_URL: url }).warnings).toEqual([]);
  if (config.database.kind !== 'postgres' || transport === 'inside') return;
  const { ssl } = new pg.Client({ connectionString: config.database.url }) as { ssl?: unknown };
  const unchecked = (ssl as { rejectUnauthorized?: boolean }).rejectUnauthorized === false;
  expect(ssl ? (unchecked ? 'encrypted' : 'verified') : 'open').toBe(transport);
});

test('the driver has no warning of its own to give', async () => {
  const { config } = reading({ DATABASE_URL: `${THERE}?user=b&sslmode=require&options=d` });
  expect(config.database).toMatchObject({ url: `${THERE}?user=b&sslmode=verify-full&options=d` });
  const warnings: string[] = [];
  const hear = ({ message }: Error) => warnings.push(message);
  process.on('warning', hear);
  for (const mode of ['require', 'verify-ca', 'verify-full', 'no-verify', 'disable']) {
    const database = databaseOf({ DATABASE_URL: `${THERE}?sslmode=${mode}` });
    if (database.kind === 'postgres') new pg.Client({ connectionString: database.url });
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('warning', hear);
  expect(warnings).toEqual([]);
});

test('a database that does not answer ends the start with 78, in a sentence that names its place', async () => {
  const env = { ...ON, DATABASE_URL: `postgres://consignee:${GOOD}@127.0.0.1:1/inbox`, DATA_DIR: folder };
  const { code, output } = await runToEnd(['serve'], { env, cwd: folder });
  expect(code).toBe(78);
  expect(output).toMatch(/^ {2}DATABASE_URL names PostgreSQL at 127\.0\.0\.1:1\/inbox, .*ECONNREFUSED/m);
  expect(output).not.toContain(GOOD);
  expect(output).not.toMatch(/^ +at /m);
});
