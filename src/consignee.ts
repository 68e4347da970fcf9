/**
 * The public face: all that a user's own files import, as `from 'consignee'`.
 *
 * Wiring (config/sources.ts), knobs (config/service.ts) and handlers are written against these names only; every other path
 * of this project may move. Beside it: `consignee/testing`, and `consignee/events/<provider>` for the providers' types.
 */
export { Declined, Discard, RetryLater, Unavailable } from './errors.ts';
export { bigquery } from './handlers/bigquery.ts';
export { command } from './handlers/command.ts';
export { forward } from './handlers/forward.ts';
export { gcs } from './handlers/gcs.ts';
export { latest } from './handlers/latest.ts';
export { log } from './handlers/log.ts';
export { flatfile } from './sources/flatfile.ts';
export { flexport } from './sources/flexport.ts';
export { flintn } from './sources/flintn.ts';
export { shippo } from './sources/shippo.ts';
export type {
  AlarmKnobs,
  AttemptResult,
  Handle,
  HandlerContext,
  HandlerOptions,
  Log,
  PostgresKnobs,
  Preset,
  Reply,
  ServiceKnobs,
  SourceWiring,
  WebhookEvent,
} from './types.ts';
