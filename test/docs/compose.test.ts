/** The role that docker-compose.replicas.yml gives Consignee: enough for an inbox, and no more. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { prepareDatabase } from '../../src/inbox/postgres/tables.ts';
import { startPostgres } from '../harness/postgres.ts';
import { ROOT } from '../harness/project.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('owns its database and is no superuser, whose password is gone', async () => {
  const compose = read('docker-compose.replicas.yml');
  expect(compose).toContain('./postgres:/docker-entrypoint-initdb.d:ro');
  // Whoever is named there becomes a superuser.
  expect(compose).not.toContain('POSTGRES_USER');
  const server = await startPostgres();
  onTestFinished(() => server.stop('immediate'));
  // What psql itself does is done here.
  const statements = read('postgres/role.sql')
    .replaceAll(/^(--|\\set).*$/gm, '')
    .replace(":'password'", "'of-the-tests'")
    .split(';\n')
    .filter((statement) => statement.trim() !== '');
  for (const statement of statements.slice(0, -1)) await server.query('postgres', statement);
  const url = server.url('consignee').replace(/\/\/.*@/, '//consignee:of-the-tests@');
  await prepareDatabase(url, 'the test’s');
  const roles = await server.query(
    'consignee',
    `SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, pg_get_userbyid(datdba) AS owner
     FROM pg_roles, pg_database WHERE rolname = 'consignee' AND datname = 'consignee'`,
  );
  const none = { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false };
  expect(roles).toEqual([{ ...none, rolreplication: false, owner: 'consignee' }]);
  await server.query('postgres', statements.at(-1) as string);
  await expect(server.query('postgres', 'SELECT 1')).rejects.toThrow('password authentication failed');
});
