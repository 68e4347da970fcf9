/** One application receives, another handles: both in this process here, with PostgreSQL between them. */
import { flexport } from 'consignee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, freshDatabase } from '../../harness/postgres.ts';
import { SECRET } from '../../harness/project.ts';
import { ask, bodyOf, signed } from '../../harness/wire.ts';
import { type Host, makeHost, newFolder } from './host.ts';

const seen: string[] = [];
let receiver: Host;
let worker: Host;
let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
  const env = { DATABASE_URL: database.url };
  const orders = (event: { readonly externalId: string | null }) => void seen.push(String(event.externalId));
  const sources = [{ preset: flexport, handlers: { orders } }];
  const folders = [newFolder(), newFolder()] as const;
  receiver = makeHost({ sources, handlers: 'elsewhere' }, { ...env, DATA_DIR: folders[0] }, folders[0]);
  worker = makeHost({ sources }, { ...env, DATA_DIR: folders[1] }, folders[1]);
  await receiver.consignee.start();
});
afterAll(async () => {
  await Promise.all([receiver?.remove(), worker?.remove()]);
  await database?.drop();
});

test('what one receives waits until another handles it', async () => {
  const { port } = await receiver.consignee.listen({ host: '127.0.0.1', port: 0 });
  expect((await ask(port, signed(SECRET, bodyOf('elsewhere')))).status).toBe(200);
  const waiting = async () => (await receiver.consignee.events.list({ state: 'pending' })).total.count;
  expect(await waiting()).toBe(1);
  expect(seen).toEqual([]);
  await worker.consignee.start();
  await expect.poll(() => seen).toEqual(['elsewhere']);
  await expect.poll(waiting).toBe(0);
  expect((await worker.consignee.status()).replicas).toBe(2);
});
