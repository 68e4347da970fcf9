/**
 * Sends each event on: the exact bytes that were verified, by POST to one URL of yours, signed by Standard Webhooks.
 *
 *   handlers: { orders: forward({ url: 'https://orders.internal.example/webhooks', secret: 'ORDERS_SIGNING_SECRET' }) }
 *
 * What is sent stands in forward/message.ts, what follows from the answer in forward/answer.ts. The URL comes from the
 * configuration only. Private addresses, and http:// at all, are refused unless listed in `allow` (forward/reach.ts).
 * At least once: an event whose answer was lost is sent again, with the same `webhook-id`.
 */
import { lookup } from 'node:dns';
import type { Problem } from '../../base/errors.ts';
import { REDACTED } from '../../base/log/redact.ts';
import type { Handle, HandlerOptions } from '../handler.ts';
import { Unavailable } from '../outcomes.ts';
import { choicesOf } from './choices.ts';
import { conclude } from './forward/answer.ts';
import { messageOf } from './forward/message.ts';
import { complainOf, type ForwardOptions, type ForwardSettings, readOptions } from './forward/options.ts';
import { type Post, postTo } from './forward/post.ts';
import { type Resolve, reachOf } from './forward/reach.ts';

export type { ForwardOptions };

const CONCURRENCY = 16;
/** So that the attempt ends by our own time limit, which says more. */
const SPARE_MS = 2_000;
/** Shorter words of headers are no secrets, and would be found everywhere. */
const SECRET_LENGTH_LEAST = 8;

export function forward(options: ForwardOptions): HandlerOptions {
  return forwardBy(lookup, options);
}

/** With a resolver of the caller's own: tests cannot move names. */
export function forwardBy(resolve: Resolve, options: ForwardOptions): HandlerOptions {
  const problems: Problem[] = [];
  const settings = readOptions({ ...options }, process.env, problems);
  const { url, allow, timeoutMs } = settings;
  const reach = url && reachOf(url, allow, resolve);
  if (reach?.objection) {
    complainOf(url, problems)(`a url that ${reach.objection.wrong}`, reach.objection.fix);
  }
  const [problem] = problems;
  return {
    concurrency: CONCURRENCY,
    ...choicesOf(options),
    ...(url && { target: `forward ${url.href}` }),
    ...(typeof options?.secret === 'string' && { settings: [options.secret] }),
    timeLimitMs: timeoutMs + SPARE_MS,
    handle:
      url && reach && !problem ? deliver(url, settings, postTo(url, timeoutMs, reach)) : refuse(problem),
    problems,
  };
}

/** The service does not start with a problem; but its thread may start anew after a secret's file has gone. */
function refuse(problem: Problem | undefined): Handle {
  return () => {
    throw new Unavailable(`${problem?.setting} ${problem?.wrong}`);
  };
}

function deliver(url: URL, settings: ForwardSettings, post: Post): Handle {
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

/** A target may answer with what it was sent. */
function hide(secrets: readonly string[], text: string): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, REDACTED), text);
}
