/** The notes that the steps of one request hand to each other. They are kept in `response.locals`. */
import type { Request, Response } from 'express';
import type { BodyCheck, Head, Proof } from '../../verify/verifier.ts';
import type { ReplyOutcome } from '../meter.ts';

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

export type RequestStep = (request: Request, response: Response, next: (error?: unknown) => void) => void;

export function receptionOf(response: Response): Reception {
  return response.locals.reception;
}
