/** The helper for users' own tests: attempts end as they would in the service. */
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { Declined, Discard, RetryLater, Unavailable } from '../../src/deliver/handler.ts';
import { each } from '../../src/deliver/handlers/each.ts';
import { eventFrom, itemsOf, sampleEvent, tryHandler, tryReply } from '../../src/deliver/testing.ts';
import { flatfile } from '../../src/verify/presets/flatfile/preset.ts';
import { flexport } from '../../src/verify/presets/flexport/preset.ts';
import { hubspot } from '../../src/verify/presets/hubspot/preset.ts';
import { shippo } from '../../src/verify/presets/shippo/preset.ts';

const event = sampleEvent(shippo);
const throwing = (error: unknown) => () => {
  throw error;
};

test('an event from a body is what a handler would get', () => {
  const made = eventFrom(flexport, ' {"id":12345678901234567890,"type":"/shipment#created"} ');
  expect(made).toMatchObject({
    id: expect.stringMatching(/^evt_[0-9a-f]{14}$/),
    source: 'flexport',
    type: '/shipment#created',
    externalId: '12345678901234567890',
    headers: { 'content-type': 'application/json' },
    attempt: 1,
  });
  expect(made.body.toString()).toBe(' {"id":12345678901234567890,"type":"/shipment#created"} ');
  const cut = eventFrom(
    flatfile,
    { _accessToken: 'sk', topic: 'job:failed' },
    { source: 'sheets', attempt: 3 },
  );
  expect(cut).toMatchObject({ source: 'sheets', attempt: 3, data: { topic: 'job:failed' } });
  expect(cut.data).not.toHaveProperty('_accessToken');
  expect(eventFrom(shippo, 'not json').data).toBeUndefined();
});

test('the items of an event are what a handler would get that is wired as each', async () => {
  const body = '[{"eventId":9007199254740993,"subscriptionType":"contact.creation"},\n {"eventId": 2} ]';
  const whole = eventFrom(hubspot, body);
  const items = itemsOf(hubspot, whole);
  expect(
    items.map(({ id, batch, type, externalId, body }) => [id, batch, type, externalId, body.toString()]),
  ).toEqual([
    [
      `${whole.id}-0`,
      whole.id,
      'contact.creation',
      '9007199254740993',
      '{"eventId":9007199254740993,"subscriptionType":"contact.creation"}',
    ],
    [`${whole.id}-1`, whole.id, null, '2', '{"eventId": 2}'],
  ]);
  const bad = each(({ data }) => {
    if (data.eventId === 2) throw new Error('two');
  });
  expect(
    (await Promise.all(items.map((item) => tryHandler(bad, item)))).map(({ outcome }) => outcome),
  ).toEqual(['done', 'retry']);
  expect(itemsOf(hubspot, eventFrom(hubspot, { single: 1 }))).toMatchObject([{ data: { single: 1 } }]);
  const own = each(() => {}, { items: ['data', 'list'] });
  expect(itemsOf(shippo, eventFrom(shippo, { data: { list: [1, 2] } }), own).map(({ data }) => data)).toEqual(
    [1, 2],
  );
  expect(() => itemsOf(shippo, event)).toThrow('shippo knows of no list of events');
});

test('samples go by their names, and a wrong name lists them', () => {
  expect(sampleEvent(shippo, 'batch-created').type).toBe('batch_created');
  expect(() => sampleEvent(shippo, 'track')).toThrow(
    'shippo has no sample track; it has track-updated, batch-created',
  );
});

test.each([
  ['returns', () => {}, { outcome: 'done', error: null, dueInMs: null }],
  [
    'throws',
    throwing(new Error('no')),
    { outcome: 'retry', error: 'Error: no', dueInMs: expect.any(Number) },
  ],
  [
    'discards',
    throwing(new Discard('never')),
    { outcome: 'discarded', error: 'Discard: never', dueInMs: null },
  ],
  ['asks for later', throwing(new RetryLater(5_000)), { outcome: 'later', dueInMs: 5_000 }],
  ['finds the other side down', throwing(new Unavailable('down')), { outcome: 'retry' }],
  ['is told to come back', throwing(new Unavailable('busy', 7_000)), { outcome: 'later', dueInMs: 7_000 }],
  ['is declined for good', throwing(new Declined('no', 1)), { outcome: 'dead', error: 'Declined: no' }],
])('a handler that %s', async (_name, handle, expected) => {
  expect(await tryHandler(handle, event)).toMatchObject(expected);
});

test('the last attempt is the last', async () => {
  const handler = { handle: throwing(new Error('no')), maxAttempts: 2 };
  expect(await tryHandler(handler, eventFrom(shippo, {}, { attempt: 1 }))).toMatchObject({
    outcome: 'retry',
  });
  expect(await tryHandler(handler, eventFrom(shippo, {}, { attempt: 2 }))).toMatchObject({ outcome: 'dead' });
});

test('a handler that does not want the type does not run', async () => {
  const handler = { handle: throwing(new Error('it ran')), types: ['transaction_*'] };
  expect(await tryHandler(handler, event)).toMatchObject({ outcome: 'unwanted', error: null });
});

test('the time limit ends it, and the signal says so', async () => {
  let aborted: unknown;
  const handler = {
    timeLimitMs: 50,
    handle: (_event: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason.name;
      });
      return new Promise<void>(() => {});
    },
  };
  expect(await tryHandler(handler, event)).toMatchObject({
    outcome: 'retry',
    error: 'TimeLimit: it took longer than 50 ms',
  });
  expect(aborted).toBe('TimeLimit');
});

test('what it records and logs is there to look at', async () => {
  const tried = await tryHandler((_event, { record, log }) => {
    record({ status: 201, output: 'Bearer abc.def' });
    log.info({ number: 7 }, 'saved');
  }, event);
  expect(tried).toMatchObject({ status: '201', output: 'Bearer [redacted]' });
  expect(tried.lines).toEqual([
    { level: 'info', message: 'saved', number: 7, handler: 'shippo/tried', eventId: event.id },
  ]);
});

test('a handler that would keep the service from starting is not tried', async () => {
  const problems = [{ setting: 'X', wrong: 'is not set', fix: 'Set it.' }];
  await expect(tryHandler({ handle() {}, problems }, event)).rejects.toThrow(ConfigError);
});

test('a reply is tried as the provider would get it', async () => {
  expect(await tryReply(() => ({ ok: true }), event)).toEqual({ outcome: 'answered', json: '{"ok":true}' });
  expect(await tryReply(() => undefined, event)).toEqual({ outcome: 'none' });
  expect(await tryReply(throwing(new Error('no')), event)).toEqual({
    outcome: 'failed',
    reason: 'Error: no',
  });
  expect(await tryReply(() => new Promise(() => {}), event, 40)).toMatchObject({ outcome: 'late' });
});
