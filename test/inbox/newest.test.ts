/** Whose state an event tells, and as of when: by the presets' own shapes, with bodies as they really come. */
import { expect, test } from 'vitest';
import { parseBody } from '../../src/inbox/identity.ts';
import { isNewer, stateOf } from '../../src/inbox/newest.ts';
import type { Preset, StateShape } from '../../src/verify/preset.ts';
import { flexport } from '../../src/verify/presets/flexport/preset.ts';
import { shippo } from '../../src/verify/presets/shippo/preset.ts';

const stateIn = ({ state }: Preset, body: object) => {
  const bytes = Buffer.from(JSON.stringify(body));
  return stateOf(state as StateShape, parseBody(bytes), bytes);
};

interface Status {
  readonly status?: string;
  readonly status_date?: string | null;
  readonly object_created?: string;
}

function track(tracking_status: Status | null | undefined, more: object = {}, beside: object = {}): object {
  const data = { carrier: 'ups', tracking_number: '1Z', tracking_status, tracking_history: [], ...more };
  return { event: 'track_updated', test: false, data, ...beside };
}

const of = (status: string, status_date?: string, object_created = '2024-05-06T10:00:00Z'): Status => ({
  status,
  object_created,
  ...(status_date !== undefined && { status_date }),
});

/** Whether the later one counts if both come in this order. */
function comesAfter(later: object, earlier: object, preset: Preset = shippo): boolean {
  const [first, second] = [stateIn(preset, earlier), stateIn(preset, later)];
  if (!first || !second) throw new Error('one of them tells no state');
  expect(second.thing).toEqual(first.thing);
  return isNewer({ ...second, event: 2 }, { ...first, event: 1 });
}

const DELIVERED = of('DELIVERED', '2024-05-08T12:00:00Z');
const SCAN = of('TRANSIT', '2024-05-24T10:50:00Z', '2024-05-24T13:13:00Z');

test.each([
  ['pre-transit without a date', of('PRE_TRANSIT'), DELIVERED],
  [
    'pre-transit without a date, recorded later',
    of('PRE_TRANSIT', undefined, '2024-05-09T10:00:00Z'),
    DELIVERED,
  ],
  ['a scan without a date, recorded later', of('TRANSIT', undefined, '2024-05-09T10:00:00Z'), DELIVERED],
  ['pre-transit with the time of the poll', of('PRE_TRANSIT', '2024-05-24T11:13:09.715Z'), SCAN],
  ['nothing known, with the time of the poll', of('UNKNOWN', '2024-06-24T11:13:09.715Z'), SCAN],
  ['a date that is null', { ...of('PRE_TRANSIT'), status_date: null }, DELIVERED],
  [
    'a scan of the same time, recorded earlier',
    of('TRANSIT', '2024-05-24T10:50:00Z', '2024-05-24T13:12:00Z'),
    SCAN,
  ],
  ['an older scan', of('TRANSIT', '2024-05-08T11:00:00Z'), DELIVERED],
  [
    'a scan of the same day, where the carrier gives days only',
    of('TRANSIT', '2024-05-08T12:00:00Z'),
    DELIVERED,
  ],
  ['no state yet', null, SCAN],
  ['no state at all', undefined, SCAN],
  ['a state without any time', { status: 'TRANSIT' }, SCAN],
  ['no state yet, after pre-transit', null, of('PRE_TRANSIT')],
])('a parcel’s state does not go back: %s', (_title, late, known) => {
  expect(comesAfter(track(late), track(known))).toBe(false);
  expect(comesAfter(track(known), track(late))).toBe(true);
});

test.each([
  [
    'delivered without a date of its own, recorded later',
    of('DELIVERED', undefined, '2024-05-25T00:00:00Z'),
    SCAN,
  ],
  ['a later scan', of('TRANSIT', '2024-05-24T10:51:00Z'), SCAN],
  ['a scan after delivery', of('TRANSIT', '2024-05-09T00:00:00Z'), DELIVERED],
  ['a status that is not known yet', of('EXCEPTION', '2024-05-25T00:00:00Z'), SCAN],
  [
    'pre-transit that was asked for later',
    of('PRE_TRANSIT', '2024-05-24T13:13:00Z'),
    of('PRE_TRANSIT', '2024-05-24T11:13:00Z'),
  ],
  ['a new parcel under an old number', of('PRE_TRANSIT', '2024-09-05T00:00:00Z'), DELIVERED],
  [
    'a new parcel under an old number, undated',
    of('PRE_TRANSIT', undefined, '2024-09-05T00:00:00Z'),
    DELIVERED,
  ],
])('a parcel’s state goes on: %s', (_title, late, known) => {
  expect(comesAfter(track(late), track(known))).toBe(true);
});

test('the bodies of Shippo’s test button tell a state', () => {
  const button = (status: Status) =>
    track(status, { carrier: null, tracking_number: 'SHIPPO_DELIVERED' }, { carrier: 'shippo', test: true });
  const bare = (status: Status) => track(status, { carrier: null, tracking_number: 'SHIPPO_DELIVERED' });
  const [late, known] = [
    of('TRANSIT', '2020-03-10T07:44:06.471Z'),
    of('DELIVERED', '2020-03-11T07:44:06.471Z'),
  ];
  for (const sent of [button, bare]) expect(comesAfter(sent(late), sent(known))).toBe(false);
  expect(stateIn(shippo, button(known))?.thing).not.toEqual(stateIn(shippo, bare(known))?.thing);
});

test('labels and batches are handled for themselves, whatever they carry', () => {
  const transaction = { object_id: 't', tracking_number: '1Z', tracking_status: DELIVERED };
  for (const event of ['transaction_created', 'transaction_updated']) {
    expect(stateIn(shippo, { event, data: transaction })).toBeUndefined();
  }
  expect(stateIn(shippo, { event: 'batch_created', data: 'batch 5 created' })).toBeUndefined();
  expect(stateIn(shippo, track(DELIVERED, { tracking_number: null }))).toBeUndefined();
});

function milestone(occurred_at: string | undefined, data: object, more: object = {}): object {
  return {
    _object: '/event',
    version: 2,
    type: '/shipment#created',
    ...(occurred_at && { occurred_at }),
    data,
    ...more,
  };
}

const ref = { _object: '/api/refs/object', ref_type: '/shipment', id: 2983 };
const NEWER = '2019-04-17T18:05:10.964Z';
const OLDER = '2019-04-16T18:05:10.964Z';

test.each([
  [
    'the shipment beside the resource',
    { shipment: { id: 2983 }, resource: { _object: '/shipment_leg', id: 1 } },
  ],
  ['the shipment of the resource', { resource: { _object: '/shipment_leg', id: 1, shipment: ref } }],
  ['the resource, which is the shipment', { shipment: null, resource: { _object: '/shipment', id: 2983 } }],
  ['the resource, by the name of the pages', { resource: { _object: '/shipments', id: 2983 } }],
])('an event of a shipment names it, wherever it stands: %s', (_title, data) => {
  const known = milestone(NEWER, { resource: { _object: '/shipments', id: 2983 } });
  expect(comesAfter(milestone(OLDER, data), known, flexport)).toBe(false);
});

test('of two events of a shipment at the same time the one that was made later counts', () => {
  const data = { resource: { _object: '/shipments', id: 2983 } };
  const [earlier, later] = [OLDER, NEWER].map((created_at) => milestone(OLDER, data, { created_at })) as [
    object,
    object,
  ];
  expect([comesAfter(later, earlier, flexport), comesAfter(earlier, later, flexport)]).toEqual([true, false]);
});

test('what is no shipment is a thing of its own, also under the same number', () => {
  const things = [
    { shipment: { id: 2983 } },
    { resource: { _object: '/invoice', id: '2983' } },
    { resource: { _object: '/ocean/shipment_container_leg', id: 2983 } },
    { resource: { _object: '/shipments', id: 2984 } },
  ].map((data) => stateIn(flexport, milestone(NEWER, data))?.thing.toString('hex'));
  expect(new Set(things).size).toBe(4);
  expect(things).not.toContain(undefined);
});

test('without a time of its own an event of Flexport’s counts as of its making; without a thing it tells no state', () => {
  const data = { resource: { _object: '/shipments', id: 2983 } };
  expect(
    comesAfter(milestone(undefined, data, { created_at: NEWER }), milestone(OLDER, data), flexport),
  ).toBe(true);
  expect(stateIn(flexport, milestone(NEWER, { resource: null }))).toBeUndefined();
  expect(stateIn(flexport, milestone(undefined, data))).toBeUndefined();
});
