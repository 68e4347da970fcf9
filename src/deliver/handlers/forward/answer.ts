/**
 * Says what follows from the answer of a forward's target. For handlers/forward.ts; post.ts handles attempts without an answer.
 *
 *   2xx              done
 *   410              discarded: the target says it wants no more of it
 *   408, 425         tried again; with Retry-After then, uncounted
 *   429, 503         the target takes nothing now; with Retry-After it rests so long, uncounted
 *   any other 4xx    the event is declined: few attempts, then dead
 *   3xx, any other   the target takes nothing now
 *
 * Redirects are not followed: an event goes where the configuration says.
 */
import { Declined, Discard, RetryLater, Unavailable } from '../../outcomes.ts';
import { pauseAskedFor } from '../retry-after.ts';

export interface TargetAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
}

const LOCATION_MAX = 200;

/** Returns if the event was taken. Otherwise it throws an outcome for the dispatcher. */
export function conclude({ status, retryAfter, location }: TargetAnswer, url: URL, nowMs: number): void {
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
