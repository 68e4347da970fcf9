/** `latest`, through the real service: real sequences of news about parcels, shuffled, with a handler that fails. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { numberOf } from '../../harness/deliver.ts';
import { useFolder } from '../../harness/folder.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { flexportHeaders, flintnHeaders, shippoHeaders } from '../../harness/signing.ts';
import { waitFor } from '../../harness/waiting.ts';

const CONFIG = join(import.meta.dirname, '../../fixtures/parcels');
const { consignee } = useFolder();
let service: RunningService;
beforeAll(async () => {
  service = await openService({
    writesWhereItRuns: true,
    config: CONFIG,
    knobs: { backoff: { baseMs: 10, capMs: 40 } },
    env: { SHIPPO_WEBHOOK_SECRET: SECRET, FLINTN_WEBHOOK_SECRET: SECRET, FLEXPORT_WEBHOOK_SECRET: SECRET },
  });
});
afterAll(() => service.stop());

/** The news of parcels as carriers gave them to Shippo: status, substatus, and when it was so. */
const NEWS: Readonly<Record<string, readonly (readonly [string, string | null, string])[]>> = {
  'usps 9205590164917312751089': [
    ['PRE_TRANSIT', 'information_received', '2023-07-20T22:11:00Z'],
    ['TRANSIT', 'package_accepted', '2023-07-21T15:33:00Z'],
    ['TRANSIT', 'package_departed', '2023-07-22T02:40:00Z'],
    ['TRANSIT', 'out_for_delivery', '2023-07-23T09:12:00Z'],
    ['DELIVERED', 'delivered', '2023-07-23T13:03:00Z'],
  ],
  'ups 1Z5338FF0107231059': [
    ['PRE_TRANSIT', null, '2023-07-20T22:11:00Z'],
    ['TRANSIT', 'delivery_attempted', '2023-07-24T17:20:00Z'],
    ['FAILURE', 'package_undeliverable', '2023-07-26T08:00:00Z'],
    ['RETURNED', 'return_to_sender', '2023-07-29T10:30:00Z'],
  ],
  // The same number, a year and a half later: another parcel.
  'dhl_ecommerce 420941039361269903501': [
    ['DELIVERED', 'delivered', '2023-01-09T10:00:00Z'],
    ['PRE_TRANSIT', null, '2024-08-01T00:00:00Z'],
    ['TRANSIT', 'package_processing', '2024-08-02T07:45:00Z'],
  ],
};

interface Said {
  readonly parcel: string;
  readonly status: string;
  readonly at: string;
}

function linesOf<T>(name: string): T[] {
  try {
    const lines = readFileSync(join(service.folder, name), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : line) as T);
  } catch {
    return [];
  }
}

function track(parcel: string, [status, code, at]: readonly [string, string | null, string]): string {
  const [carrier, number] = parcel.split(' ');
  const substatus = code === null ? null : { code, text: code, action_required: false };
  const tracking_status = { object_id: crypto.randomUUID(), status, substatus, status_date: at };
  const data = { carrier, tracking_number: number, tracking_status, tracking_history: [] };
  return JSON.stringify({ event: 'track_updated', test: false, data });
}

async function send(path: string, body: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${service.url}/webhooks/${path}`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  return ((await response.json()) as { id: string }).id;
}

const nothingLeft = () => service.sql('SELECT * FROM work').length === 0;

test('however the news come, a parcel’s state only moves forward and ends with the newest', async () => {
  const all = Object.entries(NEWS).flatMap(([parcel, news]) => news.map((one) => [parcel, one] as const));
  let run = 0;
  const order = fc.shuffledSubarray(all, { minLength: all.length });
  const shuffle = fc.asyncProperty(order, fc.integer({ min: 1, max: 6 }), async (shuffled, atATime) => {
    run++;
    const waiting = shuffled.map(([parcel, one]) => () => {
      const body = track(`${parcel}R${run}`, one);
      return send('shippo', body, shippoHeaders(SECRET, body));
    });
    while (waiting.length > 0) await Promise.all(waiting.splice(0, atATime).map((deliver) => deliver()));
    await waitFor(nothingLeft, 20_000, service.output);
    for (const [parcel, news] of Object.entries(NEWS)) {
      const said = linesOf<Said>('states.jsonl').filter((line) => line.parcel === `${parcel}R${run}`);
      const times = said.map(({ at }) => at);
      expect(times).toEqual([...new Set(times)].sort());
      expect(said.at(-1)?.at).toBe(news.at(-1)?.[2]);
    }
  });
  await fc.assert(shuffle, { numRuns: 12 });
  expect(service.events()).toHaveLength(run * all.length);
});

test('what was overtaken says by what', async () => {
  const [parcel, news] = ['usps 9400136897846103911053', NEWS['ups 1Z5338FF0107231059'] ?? []] as const;
  const newest = track(parcel, news.at(-1) as never);
  const winner = await send('shippo', newest, shippoHeaders(SECRET, newest));
  const late = track(parcel, news[1] as never);
  const loser = await send('shippo', late, shippoHeaders(SECRET, late));
  const env = { DATABASE_URL: `sqlite:${service.inboxPath}`, SHIPPO_WEBHOOK_SECRET: SECRET };
  const { output } = await consignee(['events', 'show', loser, '--config', CONFIG], env);
  expect(output).toMatch(/shippo\/state +discarded/);
  expect(output).toContain(`overtaken: ${winner} has a newer state`);
});

/** As Shippo really sends them: what no scan vouches for has no date, or that of Shippo's own look. */
function bodyOf(carrier: string | null, tracking_number: string, status: string, more: object): string {
  const tracking_status = { object_id: 'o', object_created: '2024-05-06T10:00:00Z', status, ...more };
  return JSON.stringify({ event: 'track_updated', data: { carrier, tracking_number, tracking_status } });
}

test.each([
  [
    'a late one without a date',
    'ups',
    ['DELIVERED', '2024-05-08T12:00:00Z'],
    ['PRE_TRANSIT', undefined],
    ['DELIVERED'],
  ],
  [
    'a late one with a later poll’s',
    'ups',
    ['TRANSIT', '2024-05-24T10:50:00Z'],
    ['PRE_TRANSIT', '2024-05-24T11:13:09.715Z'],
    ['TRANSIT'],
  ],
  [
    'a scan before the poll',
    'ups',
    ['PRE_TRANSIT', '2024-05-24T11:13:09.715Z'],
    ['TRANSIT', '2024-05-24T10:50:00Z'],
    ['PRE_TRANSIT', 'TRANSIT'],
  ],
  [
    'a test without a carrier',
    null,
    ['DELIVERED', '2020-03-11T07:44:06.471Z'],
    ['TRANSIT', '2020-03-10T07:44:06.471Z'],
    ['DELIVERED'],
  ],
] as const)(
  'what is no scan neither comes after one nor pushes one out: %s',
  async (title, carrier, first, second, told) => {
    for (const [status, status_date] of [first, second]) {
      const body = bodyOf(carrier, title, status, { status_date });
      await send('shippo', body, shippoHeaders(SECRET, body));
      await waitFor(nothingLeft, 20_000, service.output);
    }
    const said = linesOf<Said>('states.jsonl').filter(({ parcel }) => parcel === `${carrier} ${title}`);
    expect(said.map(({ status }) => status)).toEqual(told);
    const stored = service.sql<{ payload: string }>('SELECT payload FROM events');
    expect(stored.filter(({ payload }) => payload.includes(title))).toHaveLength(2);
  },
);

test('a shipment is known by the resource where Flexport names none beside it', async () => {
  for (const [id, occurred_at] of [
    [13, '2019-04-17T18:05:10.964Z'],
    [14, '2019-04-16T18:05:10.964Z'],
  ]) {
    const data = {
      _object: '/shipment_event_data',
      resource: { _object: '/shipments', id: 2983 },
      location: null,
    };
    const body = JSON.stringify({ _object: '/event', id, type: '/shipment#created', occurred_at, data });
    await send('flexport', body, flexportHeaders(SECRET, body));
  }
  await waitFor(nothingLeft, 20_000, service.output);
  expect(linesOf('milestones.jsonl')).toEqual(['13']);
  const stored = service.sql('SELECT id FROM events WHERE source = ?', 'flexport');
  expect(stored).toHaveLength(2);
});

test('events that say nothing of a parcel are handled for themselves', async () => {
  const body =
    '{"event":"batch_created","test":false,"data":"batch 5ef63c54f5bf45d3b1f8fb37dcb1c5f4 created"}';
  const id = await send('shippo', body, shippoHeaders(SECRET, body));
  await waitFor(nothingLeft, 20_000, service.output);
  const outcomes = service.sql(
    'SELECT outcome FROM attempts WHERE event = ? ORDER BY started_at',
    numberOf(id),
  );
  expect(outcomes.at(-1)).toEqual({ outcome: 'done' });
});

test('members of one’s own tell what the preset does not know', async () => {
  const order = (event: string, timestamp: string) =>
    JSON.stringify({
      event_type: 'TRANSACTION_SETTLED',
      event_id: event,
      timestamp,
      data: { order_id: 'o-1' },
    });
  for (const body of [order('newer', '2024-01-15T10:30:00Z'), order('older', '2024-01-15T10:29:59Z')]) {
    await send('flintn', body, flintnHeaders(SECRET, body));
  }
  await waitFor(nothingLeft, 20_000, service.output);
  expect(linesOf('orders.jsonl')).toEqual(['newer']);
});

test('options that cannot be are problems at boot, all at once', async () => {
  const wrong = join(import.meta.dirname, '../../fixtures/parcels-wrong');
  const { code, output } = await consignee(['check', '--config', wrong]);
  expect(code).toBe(1);
  for (const said of [
    'flintn/order is wrapped in latest(), but its preset has no `state`. Say which members name the thing and its time: ',
    'handlers.missing of shippo is not a handler. Write a name and a function: ',
    'types of shippo/never is []. Write types or patterns: ',
    'sources of shippo/nowhere is ["shipo"]. The sources are flintn, shippo.',
    'ratePerSecond of shippo/fast is 0. Use 0.001 to 10000.',
    'concurrency of shippo/right is 3, and of shippo/left, which has the same target, 2. Give both the same, ',
  ]) {
    expect(output).toMatch(new RegExp(`fail +config/sources.ts +${RegExp.escape(said)}`));
  }
  const { code: served, output: list } = await consignee(['serve', '--config', wrong]);
  expect(served).toBe(78);
  expect(list).toContain(
    '  config/sources.ts: ratePerSecond of shippo/fast is 0.\n      Use 0.001 to 10000.\n',
  );
});
