/**
 * The public face: all that a user's own files import, as `from 'consignee'`.
 *
 * Wiring (config/sources.ts), knobs (config/service.ts) and handlers are written against these names only; every other path
 * of this project may move. Beside it: `consignee/testing`, `consignee/express`, and `consignee/events/<provider>` for the
 * providers' types.
 */

export { ConfigError, type Problem } from './base/errors.ts';
export type { Log } from './base/log/log.ts';
export type {
  AttemptResult,
  Handle,
  HandlerContext,
  HandlerOptions,
  Reply,
  SourceWiring,
} from './deliver/handler.ts';
export { Declined, Discard, defineSources, RetryLater, Unavailable } from './deliver/handler.ts';
export { bigquery } from './deliver/handlers/bigquery.ts';
export { command } from './deliver/handlers/command.ts';
export { each } from './deliver/handlers/each.ts';
export { forward } from './deliver/handlers/forward.ts';
export { gcs } from './deliver/handlers/gcs.ts';
export { latest } from './deliver/handlers/latest.ts';
export { log } from './deliver/handlers/log.ts';
export type { ActionRecord } from './inbox/actions.ts';
export type { OrderResult } from './inbox/order.ts';
export type { SelectionOptions } from './inbox/selection.ts';
export type { EventDetails, EventSummary, PurgedEvent } from './inbox/summary.ts';
export type { ServiceKnobs } from './serve/config/knobs.ts';
export { defineService } from './serve/config/knobs.ts';
export type {
  Consignee,
  ConsigneeOptions,
  ConsigneeState,
  ListenOptions,
  StopOptions,
} from './serve/consignee.ts';
export { createConsignee } from './serve/consignee.ts';
export type { ActionOptions, EventAccess, EventPage, OrderOptions } from './serve/event-access.ts';
export type { ServiceStatus } from './serve/status.ts';
export { custom } from './verify/custom.ts';
export type { WebhookEvent } from './verify/event.ts';
export type { SignatureForm } from './verify/form/vocabulary.ts';
export type { Handshake } from './verify/handshake.ts';
export type { JwtForm } from './verify/jwt-form.ts';
export type { Preset } from './verify/preset.ts';
export * from './verify/presets.ts';
export { presets } from './verify/presets-by-name.ts';
