/**
 * A source's `reply` function answers for an event that is on disk. It is run here, in the handlers' thread; the edge asks
 * through the supervisor and waits no longer than the provider does.
 *
 * The function sees the event as a handler does, and what it returns becomes JSON. If it throws, or returns too late or too
 * large, or its thread is not there, that is said instead, and the provider gets Consignee's own 200.
 */
import { wordsOf } from '../../base/errors.ts';
import { redactText } from '../../base/log/redact.ts';
import type { WebhookEvent } from '../../verify/event.ts';
import type { Reply } from '../handler.ts';
import { type Surroundings, startAttempt, TIME_LIMIT } from './attempt.ts';

export type ReplyResult =
  | { readonly outcome: 'answered'; readonly json: string }
  | { readonly outcome: 'none' }
  | { readonly outcome: 'failed' | 'late'; readonly reason: string };

const JSON_MAX = 1_048_576;
const REASON_MAX = 500;
export const LATE: ReplyResult = { outcome: 'late', reason: 'the reply function took too long' };

/** `until`: when nobody waits any more, in milliseconds since 1970; both threads read one clock. */
export async function runReply(
  reply: Reply,
  event: WebhookEvent,
  until: number,
  surroundings: Surroundings,
): Promise<ReplyResult> {
  const remainingMs = until - Date.now();
  // It waited behind something that kept the thread busy.
  if (remainingMs <= 0) return LATE;
  const { ended } = startAttempt(event, `${event.source}/reply`, reply, remainingMs, surroundings);
  try {
    const json = JSON.stringify(await ended);
    if (json === undefined) return { outcome: 'none' };
    if (json.length <= JSON_MAX) return { outcome: 'answered', json };
    return failedReply(`the reply has ${json.length} characters; ${JSON_MAX} is the most`);
  } catch (error) {
    if (error instanceof Error && error.name === TIME_LIMIT) return LATE;
    return failedReply(redactText(wordsOf(error), REASON_MAX));
  }
}

export function failedReply(reason: string): ReplyResult {
  return { outcome: 'failed', reason };
}
