/**
 * Flintn's events. Its pages document the envelope and the event types; of `data` they say what it is about,
 * never what its members are called. So `data` is an open record, and reading it is a matter of looking at yours.
 * Source: tutorvue-group.gitbook.io/flintn-docs, Webhook Events.
 */
import type { Members, Typed, Unlisted } from '../../event.ts';

/** @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks/webhook-events */
export type FlintnSubscriptionType =
  | 'SUBSCRIPTION_ACTIVATED'
  | 'SUBSCRIPTION_RENEWED'
  | 'SUBSCRIPTION_CANCELLED'
  | 'SUBSCRIPTION_CANCELLATION_SCHEDULED'
  | 'SUBSCRIPTION_EXPIRED'
  | 'SUBSCRIPTION_BILLING_RETRY';

/** @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks/webhook-events */
export type FlintnTransactionType =
  | 'TRANSACTION_PENDING'
  | 'TRANSACTION_AUTHORIZED'
  | 'TRANSACTION_DECLINED'
  | 'TRANSACTION_FAILED'
  | 'TRANSACTION_VOIDED'
  | 'TRANSACTION_SETTLED'
  | 'TRANSACTION_REFUNDED'
  | 'TRANSACTION_PARTIALLY_REFUNDED';

/** @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks/webhook-events */
export type FlintnType = FlintnSubscriptionType | FlintnTransactionType;

/**
 * The envelope, the same for every event.
 * @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks/webhook-events
 */
export interface FlintnBody<Type extends string = FlintnType> {
  readonly event_type: Type;
  /** A UUID, the same on every attempt to deliver the event; also `event.externalId`. */
  readonly event_id: string;
  /** When the event was created, in ISO 8601: not when it was sent. */
  readonly timestamp: string;
  /** The version of the payload's format: `1.0`. */
  readonly version: string;
  /** Flintn's pages do not name the members. The ones in Consignee's samples are invented. */
  readonly data: Members;
}

/**
 * The types of subscriptions; for a handler that is wired with `types: ['SUBSCRIPTION_*']`.
 * @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks/webhook-events
 */
export type FlintnSubscriptionEvent = Typed<FlintnSubscriptionType, FlintnBody<FlintnSubscriptionType>>;

/**
 * The types of transactions; for a handler that is wired with `types: ['TRANSACTION_*']`.
 * @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks/webhook-events
 */
export type FlintnTransactionEvent = Typed<FlintnTransactionType, FlintnBody<FlintnTransactionType>>;

/**
 * Any event that a source with the preset `flintn` receives.
 * @see https://tutorvue-group.gitbook.io/flintn-docs/api-reference/webhooks
 */
export type FlintnEvent = FlintnSubscriptionEvent | FlintnTransactionEvent | Unlisted;
