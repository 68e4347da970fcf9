/**
 * Who may send, and what happens then: one line a source.
 *
 * A source listens on /webhooks/<name> and is on as soon as one of its settings is there (see .env.example).
 * Handlers go by name, and each keeps its own state: { log, orders: updateOrders }. Writing one: docs/handlers.md.
 */
import { flatfile, flexport, flintn, log, type SourceWiring, shippo } from 'consignee';

export default [
  { preset: flexport, handlers: { log } },
  { preset: shippo, handlers: { log } },
  { preset: flintn, handlers: { log } },
  { preset: flatfile, handlers: { log } },
] satisfies SourceWiring[];
