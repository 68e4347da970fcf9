/** The notes that the steps of one request hand to each other. They are kept in `response.locals`. */
import type { Request, Response } from 'express';
import type { BodyCheck, Head, Proof } from '../../verify/verifier.ts';
import type { ReplyOutcome, RequestOutcome } from '../meter.ts';

export interface Reception {
  readonly head: Head;
  readonly startedAt: number;
  /** Over TLS, as the socket or a trusted proxy tells. */
  readonly secure: boolean;
  readonly bodyChecks: BodyCheck[];
  readonly proofs: Proof[];
  body: Buffer;
  bodyRead: boolean;
}

/** The answer of the source's `reply` function. */
export interface SourceReply {
  readonly outcome: ReplyOutcome;
  /** The body of the 200, for `answered`. */
  readonly json?: string;
  readonly reason?: string;
}

/** The part of a request's log line that depends on how the request was answered. */
export interface Report {
  readonly outcome: RequestOutcome;
  readonly code?: string;
  readonly reason?: string;
  readonly eventId?: string;
  readonly id?: string;
  readonly reply?: ReplyOutcome;
  /** The codes with which checks that are only observed would have refused it. */
  readonly wouldRefuse?: string;
}

export type RequestStep = (request: Request, response: Response, next: (error?: unknown) => void) => void;

export function receptionOf(response: Response): Reception {
  return response.locals.reception;
}
