/** Refused requests, kept and judged again: a secret that is changed at the provider first loses nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OpenedService, openService } from '../../harness/open-service.ts';
import { flintnHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const OLD = 'old-secret-of-the-merchant-0123456789abcdef0123456789abcdef0123456';
const NEW = 'new-secret-of-the-merchant-0123456789abcdef0123456789abcdef0123456';

let folder: string;
let file: string;
let service: OpenedService | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  file = join(folder, 'flintn-secret');
  writeFileSync(file, `${OLD}\n`);
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  rmSync(folder, { recursive: true });
});

const start = () => openService({ folder, env: { FLINTN_WEBHOOK_SECRET_FILE: file } });
const bodyOf = (id: string) => JSON.stringify({ event_type: 'TRANSACTION_SETTLED', event_id: id, data: {} });
async function send(to: OpenedService, id: string, secret: string): Promise<number> {
  const body = bodyOf(id);
  const response = await fetch(`${to.url}/webhooks/flintn`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...flintnHeaders(secret, body) },
    body,
  });
  await response.text();
  return response.status;
}
const stored = (of: OpenedService) => of.events().map(({ external_id }) => external_id);

test('new secret at the provider first, then here, under traffic: nothing lost, nothing twice', async () => {
  service = await start();
  const sent: string[] = [];
  const statuses: number[] = [];
  let secret = OLD;
  let on = true;
  const traffic = (async () => {
    for (let count = 0; on; count++) {
      sent.push(`e-${count}`);
      statuses.push(await send(service as OpenedService, `e-${count}`, secret));
      // What is refused faster than a bound is not kept.
      if (secret === NEW) await setTimeout(5);
    }
  })();
  await waitFor(
    () => statuses.length > 20,
    20_000,
    () => String(statuses.length),
  );
  secret = NEW;
  await waitFor(() => statuses.filter((status) => status === 401).length > 20, 20_000, service.output);
  writeFileSync(file, `${NEW}\n${OLD}\n`);
  await waitFor(() => statuses.slice(-5).every((status) => status === 200), 20_000, service.output);
  on = false;
  await traffic;
  await waitFor(() => stored(service as OpenedService).length === sent.length, 20_000, service.output);
  expect([...stored(service)].sort()).toEqual([...sent].sort());
  const late = () =>
    (service as OpenedService).lines().filter(({ msg }) => msg === 'a refused request passes now');
  const refused = statuses.filter((status) => status === 401).length;
  await waitFor(() => late().length === refused, 20_000, service.output);
  // Those that came late came in their own order.
  const order = late().map(({ eventId }) => String(eventId));
  expect(order).toEqual([...order].sort());
});

test('a restart with the new secret takes in what was refused before', async () => {
  service = await start();
  expect(await send(service, 'before', OLD)).toBe(200);
  expect(await send(service, 'between', NEW)).toBe(401);
  expect(stored(service)).toEqual(['before']);
  writeFileSync(file, `${NEW}\n`);
  service = await service.reopen();
  await waitFor(() => stored(service as OpenedService).length === 2, 20_000, service.output);
  const event = service.events()[1];
  expect(event).toMatchObject({ external_id: 'between', source: 'flintn' });
  expect(event?.body.toString()).toBe(bodyOf('between'));
});

test('what is forged stays refused, whatever is read again', async () => {
  service = await start();
  expect(await send(service, 'forged', 'a-secret-of-somebody-else-0123456789abcdef')).toBe(401);
  writeFileSync(file, `${NEW}\n${OLD}\n`);
  await service.line(({ msg }) => msg === 'settings read again');
  expect(await send(service, 'good', NEW)).toBe(200);
  expect(stored(service)).toEqual(['good']);
});

test('neither the secrets nor a signature show in anything that is printed', async () => {
  service = await start();
  await send(service, 'one', NEW);
  writeFileSync(file, `${NEW}\n${OLD}\n`);
  await service.line(({ msg }) => msg === 'a refused request passes now');
  const output = service.output();
  for (const canary of [OLD, NEW, Object.values(flintnHeaders(NEW, bodyOf('one')))[0] as string]) {
    expect(output).not.toContain(canary);
  }
});
