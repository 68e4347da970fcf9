/**
 * Sends each event on: the exact bytes that were verified, by POST to one URL of yours, signed by Standard Webhooks.
 *
 *   handlers: { orders: forward({ url: 'https://orders.internal.example/webhooks', secret: 'ORDERS_SIGNING_SECRET' }) }
 *
 * forward/message.ts writes the request, forward/answer.ts says what follows from the answer. The URL comes from the
 * configuration only. Private addresses, and http:// at all, are refused unless listed in `allow` (forward/reach.ts).
 * At least once: an event whose answer was lost is sent again, with the same `webhook-id`.
 */
import { lookup } from 'node:dns';
import { REDACTED } from '../../base/log/redact.ts';
import type { Handle, HandlerOptions } from '../handler.ts';
import { conclude } from './forward/answer.ts';
import { messageOf } from './forward/message.ts';
import { type ForwardOptions, type ForwardSettings, readForward } from './forward/options.ts';
import { type Post, postTo } from './forward/post.ts';
import { limitReach, type ResolveName } from './forward/reach.ts';
import { choicesOf, optionProblem, refuseEvents } from './options.ts';

export type { ForwardOptions };

const CONCURRENCY = 16;
/** The handler's time limit is later than `timeoutMs` by this, because the message of `timeoutMs` says more. */
const SPARE_MS = 2_000;
/** Shorter words in headers are no secrets, and would be found everywhere. */
const SECRET_LENGTH_LEAST = 8;

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
    const { headers, body } = messageOf(event, settings, Date.now());
    const answer = await post(headers, body, context.signal);
    const { status, text } = answer;
    context.record({ status, ...(text !== undefined && { output: hide(secrets, text) }) });
    conclude(answer, url, Date.now());
  };
}

/** Hides secrets: a target may answer with the headers that it was sent. */
function hide(secrets: readonly string[], text: string): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, REDACTED), text);
}
