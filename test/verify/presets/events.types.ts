/**
 * Type tests: `tsc --noEmit` is the runner. Nothing here is called; every `@ts-expect-error` must be an error, and
 * everything else must compile. The samples are checked against the bodies, member by member.
 */
import type { Handle, Reply, SourceWiring } from '../../../src/deliver/handler.ts';
import type { Typed, Unlisted, WebhookEvent } from '../../../src/verify/event.ts';
import type {
  FlatfileApiEvent,
  FlatfileBody,
  FlatfileEgress,
  FlatfileEgressEvent,
  FlatfileEvent,
  FlatfileJob,
  FlatfileRecords,
  FlatfileRejections,
} from '../../../src/verify/presets/flatfile/events.ts';
import { flatfile as flatfilePreset } from '../../../src/verify/presets/flatfile/preset.ts';
import egress from '../../../src/verify/presets/flatfile/samples/egress-workbook.json' with { type: 'json' };
import forwarded from '../../../src/verify/presets/flatfile/samples/forwarded-records-updated.json' with {
  type: 'json',
};
import job from '../../../src/verify/presets/flatfile/samples/job-completed.json' with { type: 'json' };
import workbook from '../../../src/verify/presets/flatfile/samples/workbook-updated.json' with {
  type: 'json',
};
import type {
  FlexportBody,
  FlexportContainerLeg,
  FlexportDocument,
  FlexportEvent,
  FlexportEventOf,
  FlexportInvoice,
  FlexportShipment,
  FlexportShipmentLeg,
} from '../../../src/verify/presets/flexport/events.ts';
import { flexport as flexportPreset } from '../../../src/verify/presets/flexport/preset.ts';
import customs from '../../../src/verify/presets/flexport/samples/customs-released.json' with {
  type: 'json',
};
import invoice from '../../../src/verify/presets/flexport/samples/invoice-shared.json' with { type: 'json' };
import arrived from '../../../src/verify/presets/flexport/samples/shipment-leg-arrived.json' with {
  type: 'json',
};
import departed from '../../../src/verify/presets/flexport/samples/shipment-leg-departed.json' with {
  type: 'json',
};
import type {
  FlintnBody,
  FlintnEvent,
  FlintnTransactionEvent,
} from '../../../src/verify/presets/flintn/events.ts';
import { flintn as flintnPreset } from '../../../src/verify/presets/flintn/preset.ts';
import cancelled from '../../../src/verify/presets/flintn/samples/subscription-cancelled.json' with {
  type: 'json',
};
import renewed from '../../../src/verify/presets/flintn/samples/subscription-renewed.json' with {
  type: 'json',
};
import declined from '../../../src/verify/presets/flintn/samples/transaction-declined.json' with {
  type: 'json',
};
import refunded from '../../../src/verify/presets/flintn/samples/transaction-refunded.json' with {
  type: 'json',
};
import settled from '../../../src/verify/presets/flintn/samples/transaction-settled.json' with {
  type: 'json',
};
import type {
  ShippoBody,
  ShippoEvent,
  ShippoTrack,
  ShippoTrackEvent,
  ShippoTransaction,
} from '../../../src/verify/presets/shippo/events.ts';
import { shippo } from '../../../src/verify/presets/shippo/preset.ts';
import batch from '../../../src/verify/presets/shippo/samples/batch-created.json' with { type: 'json' };
import track from '../../../src/verify/presets/shippo/samples/track-updated.json' with { type: 'json' };
import bought from '../../../src/verify/presets/shippo/samples/transaction-created.json' with {
  type: 'json',
};
import updated from '../../../src/verify/presets/shippo/samples/transaction-updated.json' with {
  type: 'json',
};

import containerLeg from './payloads/flexport-container-leg.json' with { type: 'json' };
import document from './payloads/flexport-document.json' with { type: 'json' };
import trackWithoutUpdate from './payloads/shippo-track-2017-no-object-updated.json' with { type: 'json' };
import trackWithoutStatus from './payloads/shippo-track-no-status-yet.json' with { type: 'json' };
import transactionWithStatus from './payloads/shippo-transaction-status-object.json' with { type: 'json' };

// ---------------------------------------------------------------------------------------------------
// Helpers

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(answer: Same<A, B>): void;
declare function take<T>(value: T): void;

/** A body as a JSON import has it: literals are strings, placeholders such as `$integer` are strings too. */
type Sample<T> = T extends string | number
  ? string | T
  : T extends object
    ? { readonly [Key in keyof T]: Sample<T[Key]> }
    : T;

/** The members of a sample that its body does not know. */
type Strays<S, B> = unknown extends B
  ? never
  : S extends readonly (infer Item)[]
    ? Strays<Item, Element<B>>
    : S extends object
      ? { [Key in keyof S & string]: Stray<S[Key], B, Key> }[keyof S & string]
      : never;
type Stray<Value, B, Key> = Key extends Names<B> ? Strays<Value, Member<B, Key>> : Key;
type Element<B> = B extends readonly (infer Item)[] ? Item : never;
type Names<B> = B extends object ? keyof B : never;
type Member<B, Key> = B extends unknown ? (Key extends keyof B ? B[Key] : never) : never;

/** Wants the strays as further arguments, so that one stray is an error that names it. */
declare function sample<Body>(): <Json extends Sample<Body>>(
  json: Json,
  ...strays: [Strays<Json, Body>] extends [never] ? [] : [Strays<Json, Body>]
) => void;

// ---------------------------------------------------------------------------------------------------
// Samples

export function samples(): void {
  sample<ShippoBody<'track_updated', ShippoTrack>>()(track);
  sample<ShippoBody<'transaction_created', ShippoTransaction>>()(bought);
  sample<ShippoBody<'transaction_updated', ShippoTransaction>>()(updated);
  sample<ShippoBody<'batch_created', string>>()(batch);
  sample<FlintnBody>()(settled);
  sample<FlintnBody>()(declined);
  sample<FlintnBody>()(refunded);
  sample<FlintnBody>()(renewed);
  sample<FlintnBody>()(cancelled);
  sample<FlexportBody>()(arrived);
  sample<FlexportBody>()(departed);
  sample<FlexportBody>()(customs);
  sample<FlexportBody>()(invoice);
  // FlexportResource takes any object: so each by itself.
  sample<FlexportShipmentLeg>()(arrived.data.resource);
  sample<FlexportShipment>()(departed.data.resource);
  sample<FlexportShipment>()(customs.data.resource);
  sample<FlexportInvoice>()(invoice.data.resource);
  sample<FlatfileBody>()(workbook);
  sample<FlatfileBody<FlatfileJob>>()(job);
  sample<FlatfileBody<FlatfileRecords> & { readonly _accessToken: string }>()(forwarded);
  sample<FlatfileEgress>()(egress);
}

export function samplesThatAreWrong(): void {
  // @ts-expect-error a member that the body does not know
  sample<ShippoTrack>()({ ...track.data, tracking_numbers: '1' });
  // @ts-expect-error deeper down
  sample<ShippoTrack>()({ ...track.data, address_to: { town: 'Spotsylvania' } });
  // @ts-expect-error a member is missing
  sample<ShippoTrack>()({ carrier: 'usps' });
  // @ts-expect-error a member is of another type
  sample<ShippoTrack>()({ ...track.data, tracking_history: 'none' });
}

/** Bodies that really came. */
export function realBodies(): void {
  sample<FlexportBody>()(containerLeg);
  sample<FlexportContainerLeg>()(containerLeg.data.resource);
  sample<FlexportDocument>()(document.data.resource);
  sample<ShippoBody<'track_updated', ShippoTrack>>()(trackWithoutUpdate);
  sample<ShippoBody<'track_updated', ShippoTrack>>()(trackWithoutStatus);
  sample<ShippoBody<'transaction_updated', ShippoTransaction>>()(transactionWithStatus);
  sample<ShippoTrack['servicelevel']>()({
    token: 'usps_priority',
    name: 'Priority Mail',
    terms: '',
    extended_token: 'usps_priority',
    parent_servicelevel: { token: 'usps', name: null },
  });
  sample<FlatfileApiEvent>()({
    ...workbook,
    deletedAt: null,
    acknowledgedAt: '2026-11-22T10:00:00.000Z',
    acknowledgedBy: 'us_usr_1',
  });
}

export function whatTheySay(leg: FlexportContainerLeg, { tracking_status: told }: ShippoTransaction): void {
  take<number>(leg.id);
  take<string | null | undefined>(leg.dates?.actual_loaded_on_board_date);
  take<string | null | undefined>(typeof told === 'object' ? told?.status : told);
  // @ts-expect-error the status may be an object
  take<string | null | undefined>(told);
  // @ts-expect-error dates are no list
  leg.dates?.length.toFixed();
}

// ---------------------------------------------------------------------------------------------------
// Narrowing

export function beforeNarrowing(event: ShippoEvent): void {
  take<string | null>(event.type);
  take<string>(event.id);
  take<Date>(event.receivedAt);
  take<WebhookEvent>(event);
  same<typeof event.data, unknown>(true);
  // @ts-expect-error nothing is known of the body yet
  event.data.data;
  // @ts-expect-error events are read only
  event.attempt = 2;
}

export function byEquality(event: ShippoEvent): void {
  if (event.type === 'track_updated') {
    same<typeof event, ShippoTrackEvent>(true);
    take<string | undefined>(event.data.data.tracking_status?.status);
    if (event.data.data.tracking_status?.status === 'DELIVERED') take<'track_updated'>(event.data.event);
    if (event.data.data.tracking_status?.status === 'LOST_AT_SEA') take<boolean | undefined>(event.data.test);
    // @ts-expect-error misspelt
    event.data.data.tracking_statuss;
    // @ts-expect-error may be null
    event.data.data.tracking_status.status;
    // @ts-expect-error a track has no label
    event.data.data.label_url;
    // @ts-expect-error a status is not a number
    event.data.data.tracking_status?.status === 1;
    // @ts-expect-error bodies are read only
    event.data.data.tracking_number = '1';
    // @ts-expect-error and so are their lists
    event.data.data.tracking_history.push();
  }
  // @ts-expect-error misspelt
  if (event.type === 'track_update') return;
  // @ts-expect-error another provider's
  if (event.type === 'TRANSACTION_SETTLED') return;
}

export function byReturn(event: ShippoEvent): void {
  if (event.type !== 'transaction_created' && event.type !== 'transaction_updated') return;
  same<typeof event.type, 'transaction_created' | 'transaction_updated'>(true);
  const { rate, status, label_url: label } = event.data.data;
  take<string | null | undefined>(typeof rate === 'object' ? rate?.amount : rate);
  take<string | null | undefined>(label);
  take<string | undefined>(status);
  // @ts-expect-error the rate may be an object
  take<string | null | undefined>(rate);
  // @ts-expect-error only tracks have it
  event.data.data.tracking_history;
}

export function bySwitch(event: ShippoEvent): string {
  switch (event.type) {
    case 'track_updated':
      return event.data.data.tracking_number;
    case 'transaction_created':
    case 'transaction_updated':
      return event.data.data.object_id;
    case 'batch_created':
    case 'batch_purchased':
      // @ts-expect-error older versions of the API send an object
      take<string>(event.data.data);
      return typeof event.data.data === 'string' ? event.data.data : String(event.data.data.object_id);
    // @ts-expect-error misspelt
    case 'batch_bought':
      return '';
    case null:
      same<typeof event.data, unknown>(true);
      return event.body.toString();
    default:
      same<typeof event, Exclude<Unlisted, { type: null }>>(true);
      same<typeof event.data, unknown>(true);
      return event.type.toUpperCase();
  }
}

// ---------------------------------------------------------------------------------------------------
// Types that are in no list

type Returned = Typed<
  'return_created',
  { readonly event: 'return_created'; readonly data: { readonly rma: string } }
>;

export function newTypes(event: ShippoEvent | Returned, plain: ShippoEvent): void {
  if (event.type === 'return_created') take<string>(event.data.data.rma);
  if (event.type === 'track_updated') take<string>(event.data.data.tracking_number);
  // @ts-expect-error misspelt
  if (event.type === 'return_create') return;

  const name: string | null = plain.type;
  if (name === 'something_new') same<typeof plain.data, unknown>(true);
  if (plain.type?.startsWith('return_')) same<typeof plain.data, unknown>(true);
  take<ReadonlySet<string>>(new Set([plain.type ?? 'none']));
  // @ts-expect-error no literal is an unlisted type
  take<Unlisted['type']>('something_new');
}

// ---------------------------------------------------------------------------------------------------
// Flexport: by type, by prefix, by resource

const ofLeg = (event: FlexportEvent): event is FlexportEventOf<'/shipment_leg'> =>
  event.type?.startsWith('/shipment_leg#') === true;

export function flexport(event: FlexportEvent): void {
  if (event.type === '/shipment_leg#arrived') take<number>(event.data.id);
  if (event.type === '/invoice#invoice_shared') take<string>(event.data.data.resource._object);
  // @ts-expect-error misspelt
  if (event.type === '/shipment_leg#arived') return;
  // @ts-expect-error nothing is known of the body yet
  event.data.data;
  if (!ofLeg(event)) {
    // @ts-expect-error another object's, or unlisted
    event.data.data;
    if (event.type === '/shipment#created') take<FlexportBody>(event.data);
    return;
  }
  take<FlexportBody>(event.data);
  take<`/shipment_leg#${string}`>(event.type);
  if (event.type === '/shipment_leg#departed') take<string>(event.data.occurred_at);
  // @ts-expect-error another object's
  if (event.type === '/shipment#created') return;

  const { resource, location, containers } = event.data.data;
  take<string | null | undefined>(location?.place?.address?.city);
  take<string | null | undefined>(containers?.[0]?.container_number);
  // @ts-expect-error of a leg only
  resource.carrier_name;
  switch (resource._object) {
    case '/shipment':
    case '/shipments':
      take<FlexportShipment>(resource);
      take<readonly string[] | undefined>(resource.metadata?.purchase_order);
      // @ts-expect-error misspelt
      resource.transport_mode;
      return;
    case '/shipment_leg':
      take<string | null | undefined>(resource.carrier_name);
      take<string | null | undefined>(resource.actual_arrival_date);
      return;
    case '/ocean/shipment_container':
      take<string | null | undefined>(resource.last_free_day_date);
      return;
    case '/ocean/shipment_container_leg':
      take<string | undefined>(resource.shipment_container?.link);
      return;
    case '/invoice':
      take<string | undefined>(resource.balance?.amount);
      // @ts-expect-error Flexport writes amounts as text
      take<number | undefined>(resource.balance?.amount);
      return;
    case '/document':
      take<number | undefined>(resource.file_metadata?.size);
      take<FlexportDocument>(resource);
      return;
    // @ts-expect-error misspelt
    case '/invoices':
      return;
    default:
      take<unknown>(resource.anything);
  }
}

// ---------------------------------------------------------------------------------------------------
// Flintn: the envelope only

export function flintn(event: FlintnEvent): void {
  if (event.type === 'SUBSCRIPTION_EXPIRED') take<'SUBSCRIPTION_EXPIRED'>(event.type);
  if (event.type !== 'TRANSACTION_SETTLED') return;
  take<string>(event.data.event_id);
  same<typeof event.data.data.amount, unknown>(true);
  // @ts-expect-error unknown until looked at
  take<number>(event.data.data.amount);
  if (typeof event.data.data.amount === 'number') take<number>(event.data.data.amount);
  // @ts-expect-error misspelt
  event.data.eventId;
}

// ---------------------------------------------------------------------------------------------------
// Flatfile: two forms, and the workbook without a type

export function flatfile(event: FlatfileEvent): void {
  if (event.type === 'job:completed') {
    take<string>(event.data.payload.operation);
    take<string | undefined>(event.data.context.jobId);
    // @ts-expect-error misspelt
    event.data.payload.operations;
    if (event.data.src) take<string>(event.data.src.payload.status);
    else take<string>(event.data.id);
    // @ts-expect-error one of the two forms does not have it
    take<string>(event.data.id);
    // @ts-expect-error cut out before it is stored
    event.data._accessToken;
  }
  if (event.type === 'records:updated') take<unknown>(event.data.payload.changes?.[0]?.newValue);
  if (event.type === 'commit:created') take<string | undefined>(event.data.payload.sheetSlug);
  if (event.type === 'workbook:updated') same<typeof event.data.payload.recordsAdded, unknown>(true);
  if (event.type === 'job:deleted') same<typeof event.data.payload.operation, unknown>(true);
  if (event.type === null) take<FlatfileEgress>(event.data as FlatfileEgress);
  // @ts-expect-error an older name, of 2023
  if (event.type === 'record:updated') return;
}

export const submit: Reply<FlatfileEgressEvent> = async (event): Promise<FlatfileRejections> => {
  same<typeof event.type, null>(true);
  const { id, sheets } = event.data.workbook;
  const refused = sheets.map((sheet) => ({
    sheetId: sheet.id,
    rejectedRecords: (sheet.records ?? [])
      .filter((record) => !record.values.email?.value)
      .map((record) => ({ id: record.id, values: [{ field: 'email', message: 'is missing' }] })),
  }));
  // @ts-expect-error the record may not have the field
  sheets[0]?.records?.[0]?.values.email.value;
  // @ts-expect-error misspelt
  event.data.workbooks;
  return refused.length ? { rejections: { id, sheets: refused } } : {};
};

export const rejections: FlatfileRejections[] = [
  { rejections: { id: 'us_wb_1', message: '2 rows', deleteSubmitted: false, sheets: [] } },
  // @ts-expect-error misspelt
  { rejection: { id: 'us_wb_1', sheets: [] } },
  // @ts-expect-error the plugin goes through the sheets
  { rejections: { id: 'us_wb_1' } },
  {
    rejections: {
      id: 'us_wb_1',
      // @ts-expect-error a field and a message for each value
      sheets: [{ sheetId: 'us_sh_1', rejectedRecords: [{ id: 'us_rc_1', values: ['wrong'] }] }],
    },
  },
];

// ---------------------------------------------------------------------------------------------------
// Wiring

const updateOrders: Handle<ShippoEvent> = async (event, { signal, log, record }) => {
  if (event.type !== 'track_updated') return;
  take<AbortSignal>(signal);
  log.info({ status: event.data.data.tracking_status?.status }, 'order updated');
  record({ status: 200 });
};
const onTrack: Handle<ShippoTrackEvent> = (event) => take<string>(event.data.data.tracking_number);
const onPayment: Handle<FlintnTransactionEvent> = (event) => take<string>(event.data.timestamp);
const onLeg: Handle<FlexportEventOf<'/shipment_leg'>> = (event) => take<FlexportBody>(event.data);

export const wirings: SourceWiring[] = [
  { preset: shippo, handlers: { orders: updateOrders } },
  { preset: shippo, handlers: { orders: { handle: updateOrders, timeLimitMs: 1_000 } } },
  { preset: shippo, handlers: { track: { handle: onTrack, types: ['track_updated'] } } },
  { preset: flintnPreset, handlers: { payments: { handle: onPayment, types: ['TRANSACTION_*'] } } },
  { preset: flexportPreset, handlers: { legs: { handle: onLeg, types: ['/shipment_leg#*'] } } },
  { preset: flatfilePreset, handlers: {}, reply: submit },
  // @ts-expect-error a handler takes an event, not a body
  { preset: shippo, handlers: { track: (track: ShippoTrack) => take(track) } },
];

export const handle: Handle = updateOrders;
// @ts-expect-error one provider's handler is not another's
export const mixed: Handle<FlintnEvent> = onTrack;

export function called(event: WebhookEvent): void {
  updateOrders(event as ShippoEvent, {} as Parameters<Handle>[1]);
  // @ts-expect-error what the type says of the body has to be said
  take<ShippoEvent>(event);
}
