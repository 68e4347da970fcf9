/**
 * Sends each event on: the exact bytes that were verified, by POST to one URL of yours, signed by Standard Webhooks.
 *
 *   handlers: { orders: forward({ url: 'https://orders.internal.example/webhooks', secret: 'ORDERS_SIGNING_SECRET' }) }
 *
 *   2xx              done
 *   410              discarded: the target says it wants no more of it
 *   408, 425         tried again; with Retry-After then, uncounted
 *   429, 503         the target takes nothing now; with Retry-After it rests so long, uncounted
 *   any other 4xx    the event is declined: few attempts, then dead
 *   3xx, any other   the target takes nothing now; so does no answer (forward/post.ts)
 *
 * The URL comes from the configuration only, and redirects are not followed. Private addresses, and http:// at all, are refused
 * unless listed in `allow` (base/reach.ts). forward/message.ts writes the request.
 * At least once: an event whose answer was lost is sent again, with the same `webhook-id`.
 */
import { lookup } from 'node:dns';
import { REDACTED } from '../../base/log/redact.ts';
import { limitReach, type ResolveName } from '../../base/reach.ts';
import { Declined, Discard, type Handle, type HandlerOptions, RetryLater, Unavailable } from '../handler.ts';
import { messageOf } from './forward/message.ts';
import { type ForwardOptions, type ForwardSettings, readForward } from './forward/options.ts';
import { type Post, postTo, type TargetResponse } from './forward/post.ts';
import { choicesOf, optionProblem, refuseEvents } from './options.ts';
import { pauseAskedFor } from './retry-after.ts';

export type { ForwardOptions };

const LOCATION_MAX = 200;
const CONCURRENCY = 16;
/** The handler's time limit is later than `timeoutMs` by this, because the message of `timeoutMs` says more. */
const SPARE_MS = 2_000;
/** Shorter words in headers are no secrets, and would be found everywhere. */
const SECRET_LENGTH_LEAST = 8;

/** A handler that posts the bytes that were verified to a URL of yours, signed by Standard Webhooks. docs/targets.md */
export function forward(options: ForwardOptions): HandlerOptions {
  return forwardBy(lookup, options);
}

/** Takes a resolver, because tests cannot change what DNS answers. */
export function forwardBy(resolve: ResolveName, options: ForwardOptions): HandlerOptions {
  const { settings, whom, problems } = readForward(options, process.env);
  const { url, allow, timeoutMs } = settings;
  const reach = url && limitReach(url, allow, resolve);
  if (reach?.objection) problems.push(optionProblem(whom, { path: ['url'], ...reach.objection }));
  const [problem] = problems;
  return {
    concurrency: CONCURRENCY,
    ...choicesOf(options),
    ...(url && { target: `forward ${url.href}` }),
    ...(typeof options?.secret === 'string' && { settings: [options.secret] }),
    timeLimitMs: timeoutMs + SPARE_MS,
    handle:
      url && reach && !problem
        ? postEvents(url, settings, postTo(url, timeoutMs, reach))
        : refuseEvents(problem),
    problems,
  };
}

function postEvents(url: URL, settings: ForwardSettings, post: Post): Handle {
  const secrets = Object.values(settings.headers)
    .flatMap((value) => value.split(/\s+/))
    .filter((word) => word.length >= SECRET_LENGTH_LEAST);
  return async (event, context) => {
    const answer = await post(messageOf(event, settings, Date.now()), context.signal);
    const { status, text } = answer;
    // A target may answer with the headers that it was sent.
    const output = text && secrets.reduce((shown, secret) => shown.replaceAll(secret, REDACTED), text);
    context.record({ status, ...(output !== undefined && { output }) });
    conclude(answer, url, Date.now());
  };
}

/** Returns if the event was taken. Otherwise it throws an outcome for the dispatcher. */
function conclude({ status, retryAfter, location }: TargetResponse, url: URL, nowMs: number): void {
  if (status >= 200 && status < 300) return;
  const says = `${url.host} answered ${status}`;
  const restMs = pauseAskedFor(retryAfter, nowMs);
  if (status === 410) throw new Discard(says);
  if (status === 408 || status === 425) {
    throw restMs === undefined ? new Error(says) : new RetryLater(restMs, says);
  }
  if (status === 429 || status === 503) throw new Unavailable(says, restMs);
  if (status >= 400 && status < 500) throw new Declined(says);
  if (status >= 300 && status < 400) {
    throw new Unavailable(`${says}${whereTo(location, url)}, and redirects are not followed`);
  }
  throw new Unavailable(says);
}

/** Leaves out the query, which may hold a credential. */
function whereTo(location: string | undefined, url: URL): string {
  const to = location === undefined ? null : URL.parse(location, url);
  return to === null ? '' : ` with ${`${to.origin}${to.pathname}`.slice(0, LOCATION_MAX)}`;
}
