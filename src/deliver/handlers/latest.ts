/**
 * At most the newest state of each thing: for handlers that write "where the parcel is now" somewhere.
 *
 * Carriers' news comes late and out of order. Wrapped in `latest`, a handler never gets an event whose state is older than
 * one that it has had, or that waits for it; and never two events of one thing at a time. Overtaken events are discarded,
 * which `events show` says. The inbox decides it (inbox/sqlite/newest.ts), so it holds over restarts and replays, for as
 * long as events are retained. An event that does not say whose state it tells, or as of when, is handled for itself.
 */

import type { MemberPath } from '../../verify/preset.ts';
import type { Handle, HandlerOptions } from '../handler.ts';
import { optionsOf } from '../handlers.ts';

/** Members of the body by dotted path, as in `data.tracking_number`. */
export interface LatestOptions {
  /** What names the thing, all together: carrier and number, say. */
  readonly of: readonly string[];
  /** When that state held; the first one that is there counts. ISO 8601, or seconds or milliseconds since 1970. */
  readonly at: readonly string[];
}

/** Without options the provider's own members are used, if the preset knows them (Shippo, Flexport). */
export function latest(wired: Handle | HandlerOptions, options?: LatestOptions): HandlerOptions {
  const handler = optionsOf(wired);
  if (!options) return { ...handler, latest: 'preset' };
  return { ...handler, latest: { of: options.of.map(pathOf), at: options.at.map(pathOf) } };
}

function pathOf(dotted: string): MemberPath {
  return dotted.split('.');
}
