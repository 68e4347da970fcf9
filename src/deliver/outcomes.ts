/**
 * What a handler can throw to say more than "try again": its own word on the attempt. Part of the public face, judged by
 * dispatch/verdict.ts. Anything else that is thrown means: retry.
 */

/** Thrown by a handler: this event is not for me, now or ever. */
export class Discard extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Discard';
  }
}

/** Thrown by a handler: try again in `delayMs` (at most 30 days); the attempt is not counted. */
export class RetryLater extends Error {
  readonly delayMs: number;

  constructor(delayMs: number, reason = 'the handler asked for a later attempt') {
    super(reason);
    this.name = 'RetryLater';
    if (!Number.isFinite(delayMs) || delayMs < 0)
      throw new TypeError('RetryLater takes milliseconds, 0 or more');
    this.delayMs = delayMs;
  }
}

/** Thrown by a handler: the other side does not take this event, and hardly ever will. Dead after `maxAttempts` at most. */
export class Declined extends Error {
  readonly maxAttempts: number;

  constructor(reason: string, maxAttempts = 4) {
    super(reason);
    this.name = 'Declined';
    if (!Number.isInteger(maxAttempts) || maxAttempts < 1)
      throw new TypeError('Declined takes a number of attempts, 1 or more');
    this.maxAttempts = maxAttempts;
  }
}

/**
 * Thrown by a handler: the other side takes nothing at present, whatever the event. The attempt is counted and tried again;
 * several in a row, and the target rests. With `restMs` (it said when to come back) it rests at once, and the attempt is
 * not counted.
 */
export class Unavailable extends Error {
  readonly restMs: number | undefined;

  constructor(reason: string, restMs?: number) {
    super(reason);
    this.name = 'Unavailable';
    if (restMs !== undefined && !(restMs >= 0))
      throw new TypeError('Unavailable takes milliseconds, 0 or more');
    this.restMs = restMs;
  }
}
