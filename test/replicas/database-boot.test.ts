/** Starts on PostgreSQL: those that must not be, each told in a sentence that shows no password, and those that must. */
import { execFileSync } from 'node:child_process';
import { chownSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { runToEnd } from '../harness/command.ts';
import { deliver, signature } from '../harness/deliver.ts';
import { useFolder } from '../harness/folder.ts';
import { freePort } from '../harness/free-port.ts';
import { clear, startEnduring } from '../harness/ledger.ts';
import { PASSWORD } from '../harness/postgres/binaries.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { bodyOf } from '../harness/sender.ts';
import type { Service } from '../harness/service.ts';

const ENDURING = join(ROOT, 'test/fixtures/enduring');
const ON = { JOBS_WEBHOOK_SECRET: SECRET, THINGS_WEBHOOK_SECRET: SECRET };

const { folder, consignee } = useFolder();
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop('immediate'));

/** Each test has a database of its own. */
let name: string;
let made = 0;
beforeEach(async () => {
  name = `inbox_${++made}`;
  await server.query('postgres', `CREATE DATABASE ${name}`);
});

const ask = <T>(sql: string) => server.query<T>(name, sql);
const place = () => `127.0.0.1:${server.port}/${name}`;

/** What opens the inbox refuses that place, for that reason; `serve` shows it as `expectNoStart` expects. */
async function expectRefused(url: string, reason: string | RegExp, where = place()): Promise<void> {
  const error: unknown = await prepareDatabase(url, where).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  const { problems } = error as ConfigError;
  expect(problems).toEqual([
    {
      setting: 'DATABASE_URL',
      wrong: expect.stringMatching(reason),
      fix: expect.stringMatching(/\.$/),
    },
  ]);
  expect(problems[0]?.wrong).toContain(`names PostgreSQL at ${where}, `);
  expect((error as ConfigError).message).not.toContain(PASSWORD);
}

/** The service does not start, for that reason, and says so about that place and once. */
async function expectNoStart(url: string, reason: string | RegExp, where = place()): Promise<void> {
  const env = { ...ON, DATABASE_URL: url, PORT: '0', CONSOLE_PORT: '0', HOST: '127.0.0.1' };
  const { code, output } = await runToEnd(['serve', '--config', ENDURING], { env, cwd: folder });
  expect([code, output]).toEqual([78, expect.stringMatching(reason)]);
  const told = output.split('\n').filter((line) => /^ {2}\S/.test(line));
  expect(told).toEqual([expect.stringContaining(`  DATABASE_URL names PostgreSQL at ${where}, `)]);
  expect(told[0]).toMatch(reason);
  expect(told[0]).toMatch(/\.$/);
  expect(output).not.toContain(PASSWORD);
  expect(output).not.toMatch(/^ +at /m);
}

describe('refused, changing nothing', () => {
  afterEach(async () => {
    expect(await ask("SELECT FROM pg_class WHERE relname IN ('inbox', 'replicas')")).toEqual([]);
  });

  test('a server that is down, whichever of its addresses is tried', async () => {
    const port = await freePort();
    const url = server.url(name).replace(/127.0.0.1:\d+/, `localhost:${port}`);
    await expectNoStart(url, /which cannot be used \(.*ECONNREFUSED/, `localhost:${port}/${name}`);
  });

  test('a server that does not answer', async () => {
    const port = await freePort();
    const silent = createServer(() => {}).listen(port, '127.0.0.1');
    onTestFinished(() => void silent.close());
    const url = server.url(name).replace(/127.0.0.1:\d+/, `127.0.0.1:${port}`);
    await expectRefused(url, /which cannot be used \(timeout expired\)/, `127.0.0.1:${port}/${name}`);
  });

  test('a wrong password', async () => {
    const url = server.url(name).replace(PASSWORD, `${PASSWORD}2`);
    await expectNoStart(url, /which cannot be used \(28P01: password authentication failed/);
  });

  test('a database that is not there', async () => {
    const url = server.url('nowhere');
    await expectRefused(url, /"nowhere" does not exist/, `127.0.0.1:${server.port}/nowhere`);
  });

  test.each(['fsync', 'synchronous_commit'])('a server with %s off', async (setting) => {
    await ask(`ALTER SYSTEM SET ${setting} = off`);
    await ask('SELECT pg_reload_conf()');
    try {
      await expect.poll(() => ask(`SHOW ${setting}`)).toEqual([{ [setting]: 'off' }]);
      await expectRefused(server.url(name), new RegExp(`which has ${setting} off: .* could be lost`));
    } finally {
      await ask(`ALTER SYSTEM RESET ${setting}`);
      await ask('SELECT pg_reload_conf()');
      await expect.poll(() => ask(`SHOW ${setting}`)).toEqual([{ [setting]: 'on' }]);
    }
  });

  test('synchronous_commit off for the database, the role, or by the URL', async () => {
    const reason = /which has synchronous_commit off/;
    await ask(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    await expectRefused(server.url(name), reason);
    await ask(`ALTER DATABASE ${name} RESET ALL; ALTER ROLE postgres SET synchronous_commit = off`);
    await expectRefused(server.url(name), reason);
    await ask('ALTER ROLE postgres RESET ALL');
    await expectRefused(`${server.url(name)}?options=-csynchronous_commit%3Doff`, reason);
  });

  test('a version that is too old', async () => {
    const port = await startOlder(server.port);
    const url = server.url(name).replace(/127.0.0.1:\d+/, `127.0.0.1:${port}`);
    await expectRefused(url, /which is version 14\./, `127.0.0.1:${port}/${name}`);
  });

  test('an encoding that cannot hold everything', async () => {
    await server.query('postgres', `DROP DATABASE ${name}`);
    await server.query(
      'postgres',
      `CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
    );
    await expectRefused(server.url(name), /whose encoding is LATIN1/);
  });

  test('tables of another program', async () => {
    await ask('CREATE TABLE work (hours int)');
    await expectRefused(server.url(name), /tables of another program/);
    await ask('CREATE TABLE meta (key text, value text)');
    await expectRefused(server.url(name), /tables of another program/);
  });

  test('a role that may not make tables', async () => {
    await ask("CREATE ROLE guest LOGIN PASSWORD 'a-password-of-a-guest'");
    const url = server.url(name).replace(/\/\/.*@/, '//guest:a-password-of-a-guest@');
    await expectNoStart(url, /where the tables cannot be made \(permission denied for schema public\)/);
  });
});

/** The same server, as if it were one of version 14. */
async function startOlder(target: number): Promise<number> {
  const proxy = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    near.pipe(far);
    far.on('data', (bytes) =>
      near.write(bytes.toString('latin1').replace(/\b1[5-9](?=\d{4}|\.\d)/g, '14'), 'latin1'),
    );
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      socket.on('close', () => (socket === near ? far : near).destroy());
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return port;
}

async function start(url: string, env: Record<string, string> = {}): Promise<Service> {
  const service = await startEnduring(url, env);
  onTestFinished(() => clear(service));
  return service;
}

test('a schema that a newer version made is left alone; what is there stays', async () => {
  const service = await startEnduring(server.url(name));
  expect((await deliver(service, 'jobs', bodyOf(1))).status).toBe(200);
  expect(await service.stop()).toBe(0);
  await ask("UPDATE meta SET value = (value::int + 1)::text WHERE key IN ('schema', 'schema_oldest')");
  await expectRefused(
    server.url(name),
    /written by a newer Consignee, \S+ \(schema \d+, this one knows \d+\)/,
  );
  expect(await ask('SELECT count(*) FROM inbox')).toEqual([{ count: 1 }]);
});

test('a standby is refused, and once it is promoted the service starts on it', async () => {
  const own = await startPostgres();
  onTestFinished(() => own.stop('immediate'));
  await own.down('fast');
  writeFileSync(join(own.folder, 'standby.signal'), '');
  await own.up();
  const where = `127.0.0.1:${own.port}/postgres`;
  await expectRefused(own.url(), /which is a standby: it cannot be written to/, where);
  await own.query('postgres', 'SELECT pg_promote()');
  const service = await start(own.url());
  expect((await deliver(service, 'jobs', bodyOf(1))).status).toBe(200);
});

test.each([2, 5])('%i replicas that start at once on an empty database all come up', async (count) => {
  const services = await Promise.all(Array.from({ length: count }, () => start(server.url(name))));
  const answers = await Promise.all(services.map((service, nth) => deliver(service, 'jobs', bodyOf(nth))));
  expect(answers.map(({ outcome }) => outcome)).toEqual(answers.map(() => 'accepted'));
  expect(await ask('SELECT count(DISTINCT slot) FROM replicas')).toEqual([{ count }]);
  expect(await ask("SELECT count(*) FROM meta WHERE key IN ('inbox', 'schema')")).toEqual([{ count: 2 }]);
});

test('the URL may be in a file', async () => {
  const file = join(folder, 'url');
  writeFileSync(file, `${server.url(name)}\n`);
  const service = await start('', { DATABASE_URL_FILE: file });
  expect((await deliver(service, 'jobs', bodyOf(1))).status).toBe(200);
  expect(await ask('SELECT count(*) FROM inbox')).toEqual([{ count: 1 }]);
});

describe('by TLS', () => {
  const certify = (file: string, ...names: string[]) => {
    const [key, certificate] = [`${file}.key`, `${file}.crt`].map((one) => join(folder, one));
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '1',
        ],
        ...['-subj', '/CN=a database of the tests', '-addext', `subjectAltName=${names.join(',')}`],
        ...['-keyout', key as string, '-out', certificate as string],
      ],
      { stdio: 'ignore' },
    );
    return [key, certificate] as [string, string];
  };
  /** PostgreSQL wants a key that is its own, and nobody else's. */
  async function present([key, certificate]: [string, string]): Promise<void> {
    const { uid, gid } = statSync(server.folder);
    for (const file of [key, certificate]) execFileSync('install', ['-m', '600', file, server.folder]);
    for (const file of [key, certificate])
      chownSync(join(server.folder, file.slice(folder.length + 1)), uid, gid);
    const set = (setting: string, file: string) =>
      ask(`ALTER SYSTEM SET ${setting} = '${file.slice(folder.length + 1)}'`);
    await set('ssl_key_file', key);
    await set('ssl_cert_file', certificate);
    await ask('ALTER SYSTEM SET ssl = on');
    await ask('SELECT pg_reload_conf()');
    await expect.poll(() => ask('SHOW ssl')).toEqual([{ ssl: 'on' }]);
  }
  const verified = (certificate?: string) =>
    `${server.url(name)}?sslmode=verify-full${certificate ? `&sslrootcert=${certificate}` : ''}`;

  test('without it on the server, who insists is refused', async () => {
    await expectRefused(verified(), /which cannot be used \(The server does not support SSL connections\)/);
  });

  test('every connection is encrypted, by an authority that is known', async () => {
    const [key, certificate] = certify('right', 'IP:127.0.0.1');
    await present([key, certificate]);
    const service = await start(verified(certificate));
    expect((await deliver(service, 'jobs', bodyOf(1))).status).toBe(200);
    const ours = await ask<{ ssl: boolean }>(`SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE datname = '${name}' AND application_name = 'consignee'`);
    expect(ours.length).toBeGreaterThan(2);
    expect(new Set(ours.map(({ ssl }) => ssl))).toEqual(new Set([true]));

    const other = certify('other', 'IP:127.0.0.1')[1];
    await expectRefused(verified(), /which cannot be used \(.*self-signed certificate/);
    await expectRefused(verified(other), /which cannot be used \(.*(self-signed|unable to verify|signature)/);
  });

  test('a certificate for another name is refused', async () => {
    const wrong = certify('wrong', 'DNS:db.example');
    await present(wrong);
    await expectRefused(verified(wrong[1]), /which cannot be used \(ERR_TLS_CERT_ALTNAME_INVALID/);
  });
});

test('the password is nowhere to be seen, whatever happens and whatever is asked', async () => {
  const canary = 'canary';
  const password = `${canary}/of?the#data%base:@`;
  const setPassword = (to: string) => ask(`ALTER ROLE teller_${made} PASSWORD '${to}'`);
  await ask(`CREATE ROLE teller_${made} LOGIN; GRANT ALL ON SCHEMA public TO teller_${made}`);
  await setPassword(password);
  const urlOf = (user: string, database = name) =>
    server.url(database).replace(/\/\/.*@/, `//${user}:${encodeURIComponent(password)}@`);
  const url = urlOf(`teller_${made}`);
  const service = await start(url, { LOG_LEVEL: 'trace' });
  const said: string[] = [];
  const send = async (nth: number) => {
    const body = bodyOf(nth);
    const headers = { 'X-Hub-Signature-256': signature(body) };
    const response = await fetch(`${service.url}/webhooks/jobs`, { method: 'POST', headers, body });
    said.push(await response.text());
    return response.status;
  };
  expect(await send(1)).toBe(200);
  const [event] = await ask<{ id: string }>('SELECT id FROM events');
  // Shut out: every attempt to connect is refused by the server, with words of its own.
  await setPassword('another one');
  await ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'consignee'");
  await service.line(({ msg }) => msg === 'the inbox does not take writes');
  expect(await send(2)).toBe(503);
  const metrics = await fetch(`http://127.0.0.1:${service.consolePort}/metrics`);
  said.push(await metrics.text());
  const order = async (database: string, ...args: string[]) => {
    // Without npm, so that no registry is asked.
    const env = { ...ON, DATABASE_URL: database, PATH: folder };
    const { code, output } = await consignee([...args, '--config', ENDURING], env);
    said.push(output);
    return code;
  };
  expect(await order(url, 'events', 'list')).toBe(1);
  expect(await order(url, 'check')).toBe(1);
  await setPassword(password);
  await service.line(({ msg }) => msg === 'the inbox takes writes again');
  expect(await order(url, 'events', 'list', '--json')).toBe(0);
  expect(await order(url, 'events', 'show', event?.id ?? '')).toBe(0);
  expect(await order(urlOf(`teller_${made}`, 'nowhere'), 'serve')).toBe(78);
  expect(await service.stop()).toBe(0);
  said.push(service.output());
  expect(said.filter((text) => text.includes(canary))).toEqual([]);
  expect(said.filter((text) => text.includes('password authentication failed')).length).toBeGreaterThan(2);
});
