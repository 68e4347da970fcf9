/** Files and folders of the service are its user's alone, whatever the umask and however it ended. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../harness/postgres.ts';
import { SECRET } from '../../harness/project.ts';
import { type Service, startService } from '../../harness/service.ts';
import { flexportHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const OPEN = ['sh', '-c', 'umask 000; exec "$@"', 'sh'];

let folder: string;
let service: Service | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
});
afterEach(async () => {
  await service?.kill('SIGKILL');
  service = undefined;
  rmSync(folder, { recursive: true });
});

/** Settings come last in the environment, so that the inbox is below folders that the service has to make. */
const start = (env: Record<string, string>) =>
  startService({ folder, under: OPEN, env: { ...env, FLEXPORT_WEBHOOK_SECRET: SECRET } });

function modes(data: string): string[] {
  return readdirSync(data)
    .sort()
    .map((name) => `${(statSync(join(data, name)).mode & 0o777).toString(8)} ${name}`);
}

async function deliverTo(running: Service, secret: string): Promise<number> {
  const body = JSON.stringify({ id: crypto.randomUUID(), type: 'x' });
  const headers = flexportHeaders(secret, body);
  const response = await fetch(`${running.url}/webhooks/flexport`, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}

async function deliverBoth(running: Service): Promise<void> {
  expect(await deliverTo(running, SECRET)).toBe(200);
  expect(await deliverTo(running, 'another-secret-than-that-of-the-service')).toBe(401);
}

test('an SQLite inbox, what belongs to it, and the folders above', async () => {
  const data = join(folder, 'one/two');
  const path = join(data, 'inbox.db');
  const databases = ['inbox.db', 'inbox.db-refused'].flatMap((name) => [name, `${name}-shm`, `${name}-wal`]);
  const all = [...databases, 'inbox.db-owner', 'inbox.db-starts'].sort();
  const closed = all.map((name) => `600 ${name}`);
  service = await start({ DATABASE_URL: `sqlite:${path}` });
  await deliverBoth(service);
  await waitFor(() => statSync(`${path}-refused-wal`).size > 0, 20_000, service.output);
  expect(modes(data)).toEqual(closed);
  for (const made of [data, join(folder, 'one')])
    expect((statSync(made).mode & 0o777).toString(8)).toBe('700');
  await service.kill('SIGKILL');
  expect(modes(data)).toEqual(closed);
  // As an earlier version has left them.
  for (const name of all) chmodSync(join(data, name), 0o644);
  service = await start({ DATABASE_URL: `sqlite:${path}` });
  await deliverBoth(service);
  expect(modes(data)).toEqual(closed);
});

test('what was refused, beside PostgreSQL', async () => {
  const database = await freshDatabase();
  try {
    const data = join(folder, 'one/two');
    const closed = ['refused.db', 'refused.db-shm', 'refused.db-wal', 'starts'].map((name) => `600 ${name}`);
    service = await start({ DATABASE_URL: database.url, DATA_DIR: data });
    await deliverBoth(service);
    await waitFor(() => statSync(join(data, 'refused.db-wal')).size > 0, 20_000, service.output);
    expect(modes(data)).toEqual(closed);
    expect((statSync(data).mode & 0o777).toString(8)).toBe('700');
    await service.kill('SIGKILL');
    expect(modes(data)).toEqual(closed);
  } finally {
    await service?.kill('SIGKILL');
    await database.drop();
  }
});
