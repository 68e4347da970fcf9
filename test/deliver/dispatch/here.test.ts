/** Handlers in this process, over a real port to an inbox that is not there: what is granted, settled, and given up. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { flexport } from 'consignee';
import { afterEach, expect, test } from 'vitest';
import { HandlersHere } from '../../../src/deliver/dispatch/here.ts';
import type { Delivery, Inbox } from '../../../src/inbox/contract.ts';
import { idOf } from '../../../src/inbox/event-id.ts';
import { pack, type WorkRequest } from '../../../src/inbox/messages.ts';
import { readKnobs } from '../../../src/serve/config/knobs.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const delivery = (event: number): Delivery => ({
  ...{ event, id: idOf(event), handler: 'flexport/orders', attempt: 1, type: null, externalId: null },
  ...{ receivedAt: event, headers: '{}', body: Buffer.from('{}') },
});

let ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports) port.close();
  ports = [];
});

/** What an inbox would hear. `failing`: so many recoveries fail. */
function fakeInbox(failing = 0) {
  const said: WorkRequest[] = [];
  const done: string[] = [];
  const inbox = {
    async recover({ ended }: { ended: string }) {
      done.push(ended);
      if (ended === 'inbox' && failing-- > 0) throw new Error('the inbox does not answer');
      return [];
    },
    async pause() {
      done.push('pause');
    },
    workPort() {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1);
      port1.on('message', (request: WorkRequest) => said.push(request));
      return port2;
    },
  };
  const give = (event: number) => ports.at(-1)?.postMessage(pack([delivery(event)]));
  return { inbox: inbox as unknown as Inbox, said, done, give };
}

function handlersFor(
  inbox: Inbox,
  orders: (event: object, context: { signal: AbortSignal }) => Promise<void>,
) {
  const attempts: unknown[] = [];
  const handlers = new HandlersHere({
    ...{ inbox, log, dispatches: true, knobs: readKnobs({}, []), output: { write() {} } },
    sources: [{ preset: flexport, handlers: { orders } }],
    logOptions: { level: 'info', pretty: false },
    onAttempts: (...counts) => void attempts.push(counts.slice(0, 3)),
  });
  return { handlers, attempts };
}

test('it grants the slots once, settles what ran, and counts it', async () => {
  const { inbox, said, done, give } = fakeInbox();
  const { handlers, attempts } = handlersFor(inbox, async () => {});
  await handlers.start();
  give(7);
  await expect.poll(() => said.length).toBe(2);
  expect(said[0]).toMatchObject({ settled: [], grant: { 'flexport/orders': 16 } });
  expect(said[1]).toMatchObject({ settled: [{ event: 7, state: 'done', counted: true }], grant: {} });
  expect(attempts).toEqual([['flexport/orders', 'done', 1]]);
  await handlers.stop(1_000);
  expect(done).toEqual(['process', 'pause']);
});

test('at the stop it aborts what runs for too long, and gives it back uncounted', async () => {
  const { inbox, said, give } = fakeInbox();
  let reason: unknown;
  const { handlers } = handlersFor(inbox, async (_event, { signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    reason = signal.reason;
    throw reason;
  });
  await handlers.start();
  give(8);
  await expect.poll(() => said.length).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  await handlers.stop(50);
  expect(reason).toMatchObject({ message: 'the service is stopping' });
  await expect
    .poll(() => said.at(-1)?.settled)
    .toMatchObject([{ event: 8, state: 'pending', counted: false }]);
});

test('once its inbox was lost, it goes on with the new one as soon as that answers', async () => {
  const { inbox, said, done, give } = fakeInbox(1);
  const { handlers } = handlersFor(inbox, async () => {});
  await handlers.start();
  await handlers.renew();
  expect(done).toEqual(['process', 'inbox', 'inbox']);
  give(9);
  await expect.poll(() => said.at(-1)?.settled).toMatchObject([{ event: 9, state: 'done' }]);
  expect(ports).toHaveLength(2);
  await handlers.stop(1_000);
});
