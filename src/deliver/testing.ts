/**
 * Handlers without a service: for tests of one's own. See docs/handlers.md.
 *
 *   const event = sampleEvent(shippo, 'track-updated');
 *   expect(await tryHandler(updateOrders, event)).toMatchObject({ outcome: 'done' });
 *
 * An attempt runs and is judged as in the service; nothing is received, verified, stored or tried again.
 */
import { ConfigError } from '../base/errors.ts';
import { likelyTypeOf } from '../base/form-text.ts';
import type { Log } from '../base/log/log.ts';
import { members } from '../base/settings/rules.ts';
import { idInBatch, idOf, nextNumber, numberOf } from '../inbox/event-id.ts';
import { type AttemptOutcome, outcomeOf } from '../inbox/event-states.ts';
import { readContent } from '../inbox/identity.ts';
import { countItems, cutItem, namesOfItem, splitItems } from '../inbox/items.ts';
import { shapeOf } from '../inbox/shape.ts';
import { wants } from '../inbox/stored-source.ts';
import type { WebhookEvent } from '../verify/event.ts';
import type { Preset } from '../verify/preset.ts';
import { makeSample, sampleHeaders, sampleNames } from '../verify/presets/samples.ts';
import { DONE, eventOf, judgeAttempt, logTo, startAttempt } from './dispatch/attempt.ts';
import { shortenResult } from './dispatch/dispatcher.ts';
import { type ReplyResult, runReply } from './dispatch/reply.ts';
import type { Handle, HandlerOptions, Reply } from './handler.ts';
import { DELIVERY_KNOBS, handlerOptionsOf } from './handlers.ts';

const { handler: LIMITS, backoff: BACKOFF } = members(DELIVERY_KNOBS)({}).value;

/** How an attempt went, and what would follow. */
export interface Tried {
  /** As in the log; `unwanted`: the handler's `types` leave such events out, so it did not run. */
  readonly outcome: AttemptOutcome | 'unwanted';
  /** What was thrown, in words; null if nothing was. */
  readonly error: string | null;
  /** What the handler has recorded, cut short as it would be stored; null if nothing. */
  readonly status: string | null;
  /** The same of its output. */
  readonly output: string | null;
  /** For `retry` and `later`: when it would be tried again. */
  readonly dueInMs: number | null;
  /** What the handler has logged. */
  readonly lines: readonly LogLine[];
}

/** A line of the log, with its fields beside what every line has. */
export interface LogLine {
  /** Which of the four methods was called. */
  readonly level: keyof Log;
  /** Its text, if it has one. */
  readonly message: string | undefined;
  readonly [field: string]: unknown;
}

/** What the event is to have otherwise than by itself. */
export type Change = Partial<Pick<WebhookEvent, 'id' | 'source' | 'receivedAt' | 'headers' | 'attempt'>>;

/** An event as a handler gets it, from a body that the provider might send. Objects are written as JSON. */
export function eventFrom(preset: Preset, body: string | Buffer | object, change: Change = {}): WebhookEvent {
  const isBytes = typeof body === 'string' || Buffer.isBuffer(body);
  const received = Buffer.from(isBytes ? body : JSON.stringify(body));
  const headers = JSON.stringify(change.headers ?? { 'content-type': likelyTypeOf(received) });
  const { type, externalId, stored } = readContent(preset.name, shapeOf(preset), received, { headers });
  const receivedAt = change.receivedAt ?? new Date();
  return eventOf({
    event: nextNumber(0, receivedAt.getTime()),
    id: change.id ?? idOf(nextNumber(0, receivedAt.getTime())),
    handler: `${change.source ?? preset.name}/tried`,
    attempt: change.attempt ?? 1,
    type,
    externalId,
    receivedAt: receivedAt.getTime(),
    headers,
    body: stored,
  });
}

/**
 * The items of an event, as a handler of that preset gets them that is wired as `each`; the event itself if it is no batch. `wired`: the
 * handler, if it says itself where they are.
 */
export function itemsOf(preset: Preset, event: WebhookEvent, wired?: HandlerOptions): WebhookEvent[] {
  const items = wired?.each === undefined || wired.each === 'preset' ? preset.items : wired.each;
  const batch = numberOf(event.id);
  if (!items)
    throw new Error(`${preset.name} knows of no list of events: say each(handler, { items: [...] })`);
  const { body } = event;
  if (batch === undefined || countItems(items, event.data) === undefined) return [event];
  const step = { from: 0, done: 0, most: Number.POSITIVE_INFINITY };
  return splitItems({ handler: '', target: '', items }, batch, body, step).items.map((part) =>
    eventOf({
      ...{ event: part.event, batch, id: idInBatch(part.event, batch), handler: `${event.source}/tried` },
      ...{
        attempt: event.attempt,
        receivedAt: event.receivedAt.getTime(),
        headers: JSON.stringify(event.headers),
      },
      ...namesOfItem(items, cutItem(body, part)),
      body: cutItem(body, part),
    }),
  );
}

/** One of the samples of `npm run send`, with fresh ids. Throws with the names there are if it is none of them. */
export function sampleEvent(
  preset: Preset,
  name: string = preset.sample ?? '',
  change?: Change,
): WebhookEvent {
  const names = sampleNames(preset);
  if (!names.includes(name)) {
    throw new Error(`${preset.name} has no sample ${name}; it has ${names.join(', ') || 'none'}`);
  }
  const body = makeSample(preset, name);
  const said = Object.entries(sampleHeaders(preset, name)).map(([header, text]) => [
    header.toLowerCase(),
    text,
  ]);
  const headers = { 'content-type': likelyTypeOf(body), ...Object.fromEntries(said) };
  return eventFrom(preset, body, { headers, ...change });
}

/** Runs the handler once and says what would follow. Throws ConfigError if it would keep the service from starting. */
export async function tryHandler(wired: Handle | HandlerOptions, event: WebhookEvent): Promise<Tried> {
  const options = handlerOptionsOf(wired);
  const {
    timeLimitMs = LIMITS.timeLimitMs,
    maxAttempts = LIMITS.maxAttempts,
    types,
    problems = [],
  } = options;
  if (problems.length > 0) throw new ConfigError(problems);
  const { log, lines } = notingLog();
  const nothing = { error: null, status: null, output: null, dueInMs: null, lines };
  if (!wants(types ? { types } : {}, event.type)) return { ...nothing, outcome: 'unwanted' };
  const { attempt, ended } = startAttempt(event, `${event.source}/tried`, options.handle, timeLimitMs, {
    log,
    development: true,
  });
  const now = Date.now();
  const verdict = await ended.then(
    () => DONE,
    (error) => judgeAttempt(error, event.attempt, maxAttempts, BACKOFF, now),
  );
  return {
    ...nothing,
    ...shortenResult(attempt.result),
    outcome: outcomeOf(verdict),
    error: verdict.error,
    dueInMs: verdict.state === 'pending' ? verdict.due - now : null,
  };
}

/** Runs a `reply` function once: `{ outcome: 'answered', json }`, or why the provider would get Consignee's own answer. */
export function tryReply(reply: Reply, event: WebhookEvent, withinMs = 2_500): Promise<ReplyResult> {
  return runReply(reply, event, Date.now() + withinMs, { log: notingLog().log, development: true });
}

function notingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { log: logTo((level, fields, message) => lines.push({ ...fields, level, message })), lines };
}
