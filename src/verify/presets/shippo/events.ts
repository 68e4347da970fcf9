/**
 * Shippo's events. The envelope has no id and no time of its own; the type is its member `event`.
 * Source: docs.goshippo.com, Webhooks, Tracking and Transactions. Only what all deliveries have is required here.
 */
import type { Members, Open, Typed, Unlisted } from '../../event.ts';

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
export interface ShippoPlace {
  readonly city?: string | null;
  readonly state?: string | null;
  readonly zip?: string | null;
  readonly country?: string | null;
}

/**
 * One station of a parcel's way, or its present state.
 * @see https://docs.goshippo.com/docs/tracking/tracking
 */
export interface ShippoTrackingEvent {
  readonly object_id: string;
  readonly object_created: string;
  readonly object_updated: string | null;
  readonly status: ShippoTrackingStatus;
  readonly substatus?: {
    readonly code: string;
    readonly text: string;
    readonly action_required: boolean;
  } | null;
  readonly status_details: string | null;
  /** When the carrier scanned it, in UTC. */
  readonly status_date?: string | null;
  readonly location?: ShippoPlace | null;
}

/** @see https://docs.goshippo.com/docs/tracking/tracking */
export interface ShippoTrack {
  /** Null in what the dashboard's test button sends. */
  readonly carrier: string | null;
  readonly tracking_number: string;
  /** The `object_id` of the transaction, for labels bought through Shippo. */
  readonly transaction?: string | null;
  readonly address_from?: ShippoPlace | null;
  readonly address_to?: ShippoPlace | null;
  readonly eta?: string | null;
  readonly original_eta?: string | null;
  readonly servicelevel?: { readonly token?: string | null; readonly name?: string | null } | null;
  readonly messages?: readonly string[];
  readonly metadata?: string | null;
  /** Null until the carrier has said something. */
  readonly tracking_status?: ShippoTrackingEvent | null;
  readonly tracking_history: readonly ShippoTrackingEvent[];
  readonly test?: boolean;
}

/** @see https://docs.goshippo.com/api-reference/transaction */
export interface ShippoRate {
  readonly object_id?: string;
  readonly amount?: string;
  readonly amount_local?: string;
  readonly currency?: string;
  readonly currency_local?: string;
  readonly provider?: string;
  readonly carrier_account?: string;
  readonly servicelevel_name?: string;
  readonly servicelevel_token?: string;
}

/**
 * A label bought, or not.
 * @see https://docs.goshippo.com/api-reference/transaction
 */
export interface ShippoTransaction {
  /** The same for `transaction_created` and `transaction_updated`. */
  readonly object_id: string;
  readonly object_state?: Open<'VALID' | 'INVALID'>;
  readonly object_created?: string;
  readonly object_updated?: string;
  readonly object_owner?: string;
  readonly status?: Open<
    'WAITING' | 'QUEUED' | 'SUCCESS' | 'ERROR' | 'REFUNDED' | 'REFUNDPENDING' | 'REFUNDREJECTED'
  >;
  /** The rate's `object_id`, or the rate itself. */
  readonly rate?: string | ShippoRate | null;
  readonly tracking_number?: string | null;
  readonly tracking_status?: ShippoTrackingStatus | null;
  readonly tracking_url_provider?: string | null;
  readonly eta?: string | null;
  readonly label_file_type?: string | null;
  /** Signed in its query: who has the URL has the label. */
  readonly label_url?: string | null;
  readonly commercial_invoice_url?: string | null;
  readonly qr_code_url?: string | null;
  readonly messages?: readonly {
    readonly source?: string | null;
    readonly code?: string | null;
    readonly text?: string | null;
  }[];
  readonly metadata?: string | null;
  readonly parcel?: string | null;
  readonly created_by?: {
    readonly first_name?: string | null;
    readonly last_name?: string | null;
    readonly username?: string | null;
  } | null;
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
 * With an API version up to 2017-03-29 `data` is a transaction if the label was bought through Shippo.
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
