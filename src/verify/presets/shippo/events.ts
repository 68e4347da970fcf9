/**
 * Shippo's events. The envelope has no id and no time of its own; the type is its member `event`.
 * Source: docs.goshippo.com, Webhooks, Tracking and Transactions. Only what all deliveries have is required here.
 */
import type { Ids, Members, Open, Some, Typed, Unlisted } from '../../event.ts';

/** @see https://docs.goshippo.com/docs/tracking/webhooks */
export type ShippoTransactionType = 'transaction_created' | 'transaction_updated';

/** @see https://docs.goshippo.com/docs/tracking/webhooks */
export type ShippoBatchType = 'batch_created' | 'batch_purchased';

/** @see https://docs.goshippo.com/docs/tracking/webhooks */
export type ShippoType = 'track_updated' | ShippoTransactionType | ShippoBatchType;

/** @see https://docs.goshippo.com/docs/tracking/tracking */
export type ShippoTrackingStatus = Open<
  'UNKNOWN' | 'PRE_TRANSIT' | 'TRANSIT' | 'DELIVERED' | 'RETURNED' | 'FAILURE'
>;

/** @see https://docs.goshippo.com/docs/tracking/tracking */
export type ShippoPlace = Some<string, 'city' | 'state' | 'zip' | 'country'>;

/**
 * One station of a parcel's way, or its present state.
 * @see https://docs.goshippo.com/docs/tracking/tracking
 */
export interface ShippoTrackingEvent {
  readonly object_id: string;
  readonly object_created: string;
  readonly object_updated?: string | null;
  readonly status: ShippoTrackingStatus;
  readonly substatus?: {
    readonly code: string;
    readonly text: string;
    readonly action_required: boolean;
  } | null;
  readonly status_details: string | null;
  /** When the carrier scanned it, in UTC. Missing, or the time of Shippo's own look, while there is no scan. */
  readonly status_date?: string | null;
  readonly location?: ShippoPlace | null;
}

type ServiceLevel = Some<string, 'token' | 'name' | 'terms' | 'extended_token'>;

/** @see https://docs.goshippo.com/docs/carriers/servicelevels */
export interface ShippoServiceLevel extends ServiceLevel, Some<ServiceLevel, 'parent_servicelevel'> {}

/** @see https://docs.goshippo.com/docs/tracking/tracking */
export interface ShippoTrack
  extends Some<string, 'eta' | 'original_eta' | 'metadata'>,
    Some<ShippoPlace, 'address_from' | 'address_to'> {
  /** Null in what the dashboard's test button sends. */
  readonly carrier: string | null;
  readonly tracking_number: string;
  /** The `object_id` of the transaction, for labels bought through Shippo. */
  readonly transaction?: string | null;
  readonly servicelevel?: ShippoServiceLevel | null;
  readonly messages?: readonly string[];
  /** Null or missing until the carrier has said something. */
  readonly tracking_status?: ShippoTrackingEvent | null;
  readonly tracking_history: readonly ShippoTrackingEvent[];
  readonly test?: boolean;
}

/** @see https://docs.goshippo.com/api-reference/transaction */
export type ShippoRate = Ids<'object_id' | 'amount' | 'amount_local' | 'currency' | 'currency_local'> &
  Ids<'provider' | 'carrier_account' | 'servicelevel_name' | 'servicelevel_token'>;

/**
 * A label bought, or not.
 * @see https://docs.goshippo.com/api-reference/transaction
 */
export interface ShippoTransaction
  extends Ids<'object_created' | 'object_updated' | 'object_owner'>,
    Some<string, 'tracking_number' | 'tracking_url_provider' | 'eta' | 'label_file_type' | 'metadata'>,
    Some<string, 'commercial_invoice_url' | 'qr_code_url' | 'parcel'> {
  /** The same for `transaction_created` and `transaction_updated`. */
  readonly object_id: string;
  readonly object_state?: Open<'VALID' | 'INVALID'>;
  readonly status?: Open<
    'WAITING' | 'QUEUED' | 'SUCCESS' | 'ERROR' | 'REFUNDED' | 'REFUNDPENDING' | 'REFUNDREJECTED'
  >;
  /** The rate's `object_id`, or the rate itself. */
  readonly rate?: string | ShippoRate | null;
  /** The status, or as of when and where as well. */
  readonly tracking_status?: ShippoTrackingStatus | ShippoTrackingEvent | null;
  /** The order's `object_id`, or the order itself. */
  readonly order?: string | Members | null;
  /** Signed in its query: who has the URL has the label. */
  readonly label_url?: string | null;
  readonly messages?: readonly Some<string, 'source' | 'code' | 'text'>[];
  readonly created_by?: Some<string, 'first_name' | 'last_name' | 'username'> | null;
  readonly test?: boolean;
}

/**
 * The envelope. Some of the dashboard's test payloads carry `test` in `data` only.
 * @see https://docs.goshippo.com/docs/tracking/webhooks
 */
export interface ShippoBody<Type extends string, Data> {
  readonly event: Type;
  readonly test?: boolean;
  readonly data: Data;
  /** Beside `event` in the dashboard's test payloads only. */
  readonly carrier?: string | null;
  /** Beside `event` in the dashboard's test payloads only. */
  readonly metadata?: string | null;
}

/**
 * With an API version before 2018-02-08 `data` is a transaction if the label was bought through Shippo.
 * @see https://docs.goshippo.com/docs/tracking/webhooks
 */
export type ShippoTrackEvent = Typed<'track_updated', ShippoBody<'track_updated', ShippoTrack>>;

/** @see https://docs.goshippo.com/docs/tracking/webhookmetadata */
export type ShippoTransactionEvent = Typed<
  ShippoTransactionType,
  ShippoBody<ShippoTransactionType, ShippoTransaction>
>;

/**
 * `data` is a sentence such as `batch 5ef6… created`; older API versions sent the batch itself.
 * @see https://docs.goshippo.com/api-reference/batch
 */
export type ShippoBatchEvent = Typed<ShippoBatchType, ShippoBody<ShippoBatchType, string | Members>>;

/**
 * Any event that a source with the preset `shippo` receives.
 * @see https://docs.goshippo.com/docs/tracking/webhooks
 */
export type ShippoEvent = ShippoTrackEvent | ShippoTransactionEvent | ShippoBatchEvent | Unlisted;
