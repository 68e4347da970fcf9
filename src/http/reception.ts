/** What the steps of one request hand to each other, kept in `res.locals`. */
import type { Request, Response } from 'express';
import type { BodyCheck, Head, Outcome } from '../types.ts';

export interface Reception {
  readonly head: Head;
  readonly startedAt: number;
  /** Over TLS, as the socket or a trusted proxy tells. */
  readonly secure: boolean;
  readonly bodyChecks: BodyCheck[];
  body: Buffer;
}

/** What is said of a request once it is answered. */
export interface Report {
  readonly outcome: Outcome;
  readonly code?: string;
  readonly reason?: string;
  readonly eventId?: string;
  readonly id?: string;
}

export type Step = (request: Request, response: Response, next: (error?: unknown) => void) => void;

export function receptionOf(response: Response): Reception {
  return response.locals.reception;
}
