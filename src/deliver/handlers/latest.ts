/**
 * Wraps a handler that writes "where the parcel is now" somewhere: it gets at most the newest state of each thing.
 *
 * Carriers' news comes late and out of order. A wrapped handler never gets an event whose state is older than one that it
 * has had, or that waits for it; and never two events of one thing at a time. Overtaken events are discarded, and
 * `events show` says so. Each driver of the inbox decides it (newest.ts there), so it holds over restarts and replays, for
 * as long as events are retained. An event that does not say whose state it tells, or as of when, is handled for itself.
 */
import { listOfTexts, type RulesFor } from '../../base/settings/rules.ts';
import type { Handle, HandlerOptions } from '../handler.ts';
import { handlerOptionsOf } from '../handlers.ts';
import { readOptions } from './options.ts';

/** Members of the body by dotted path, as in `data.tracking_number`. */
export interface LatestOptions {
  /** What names the thing, all together: carrier and number, say. */
  readonly of: readonly string[];
  /** When that state held; the first one that is there counts. ISO 8601, or seconds or milliseconds since 1970. */
  readonly at: readonly string[];
}

const MEMBERS_FIX = "Write members by their path: { of: ['data.order_id'], at: ['timestamp'] }.";
const MEMBERS = listOfTexts((path) => path !== '', MEMBERS_FIX, { isRequired: true });
const RULES = { of: MEMBERS, at: MEMBERS } satisfies RulesFor<LatestOptions>;

/** Without options the provider's own members and rules are used, if the preset knows them (Shippo, Flexport). */
export function latest(wired: Handle | HandlerOptions, options?: LatestOptions): HandlerOptions {
  const handler = handlerOptionsOf(wired);
  if (options === undefined) return { ...handler, latest: 'preset' };
  const { given, problems } = readOptions('latest', options, RULES, undefined, []);
  const pathsOf = (dotted: readonly string[] = []) => dotted.map((path) => path.split('.'));
  return {
    ...handler,
    latest: { of: [{ by: pathsOf(given.of) }], at: pathsOf(given.at).map((path) => ({ path })) },
    problems: [...(handler?.problems ?? []), ...problems],
  };
}
