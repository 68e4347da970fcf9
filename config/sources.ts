/**
 * Who may send, and what happens then: one line a source.
 *
 * A source listens on /webhooks/<name> and is on as soon as one of its settings is there (see .env.example).
 * Handlers go by name, and each keeps its own state: { log, orders: updateOrders }. Writing one: docs/handlers.md.
 */
import { log } from '../src/handlers/log.ts';
import { flatfile } from '../src/sources/flatfile.ts';
import { flexport } from '../src/sources/flexport.ts';
import { flintn } from '../src/sources/flintn.ts';
import { shippo } from '../src/sources/shippo.ts';
import type { SourceWiring } from '../src/types.ts';

export default [
  { preset: flexport, handlers: { log } },
  { preset: shippo, handlers: { log } },
  { preset: flintn, handlers: { log } },
  { preset: flatfile, handlers: { log } },
] satisfies SourceWiring[];
