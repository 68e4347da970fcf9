/**
 * The one place that answers a webhook, logs the answer and counts it.
 *
 *   200  application/json          {"status":"accepted"|"duplicate","id":"evt_…"}, or what the source's `reply` returned
 *   else application/problem+json  {"title","status","id":"ref_…"}, with `detail` outside production
 *
 * A refusal that leaves more of a body unread than is worth reading closes the connection, but not before the sender has
 * had the chance to read the answer: a socket closed over unread bytes is reset, and the answer lost.
 */
import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Request, Response } from 'express';
import { wordsOf } from '../../base/errors.ts';
import type { Log } from '../../base/log/log.ts';
import type { Kept } from '../../inbox/contract.ts';
import { REFUSALS, type RefusalCode, rejectionReason } from '../../verify/refusals.ts';
import { type Proof, Rejection } from '../../verify/verifier.ts';
import { type Meter, outcomeOfRefusal } from '../meter.ts';
import { leavesTooMuch, sendAndLinger, sendAnswer } from './answer.ts';
import { type Report, receptionOf, type SourceReply } from './reception.ts';
import type { KeepRefusal } from './refused.ts';

export interface Responder {
  /** Answers for an event that is on disk. `reply` is what the source's function said, if it has one and was asked. */
  accept(response: Response, source: string, kept: Kept, reply?: SourceReply): void;
  refuse(request: Request, response: Response, source: string, error: unknown): void;
}

export interface ResponderOptions {
  readonly production: boolean;
  readonly retryAfterSeconds: number;
  readonly log: Log;
  readonly meter: Meter;
  readonly keepRefusal: KeepRefusal;
  /** True while the service stops: then every answer ends its connection. */
  readonly closing: () => boolean;
}

export function responder(options: ResponderOptions): Responder {
  const { production, log, meter } = options;

  function accept(response: Response, source: string, kept: Kept, reply?: SourceReply): void {
    const { proofs } = receptionOf(response);
    const status = kept.outcome === 'duplicate' ? 'duplicate' : 'accepted';
    // An id and a status are plain ASCII.
    if (reply?.json === undefined)
      send(response, 200, `{"status":"${status}","id":"${kept.id}"}`, [], 'latin1');
    else send(response, 200, reply.json);
    const reason = kept.reason ?? reply?.reason;
    const wouldRefuse = codesIn(proofs);
    const more = {
      ...(wouldRefuse !== undefined && { wouldRefuse }),
      ...(reason !== undefined && { reason }),
      ...(reply && { reply: reply.outcome }),
    };
    report(response, source, 200, { outcome: kept.outcome, eventId: kept.id, ...more });
    if (reply) meter.reply(source, reply.outcome);
    for (const proof of proofs) meter.proof(source, proof);
  }

  function refuse(request: Request, response: Response, source: string, error: unknown): void {
    const { code, reason } = readError(error);
    const { status } = REFUSALS[code];
    const id = `ref_${randomBytes(8).toString('hex')}`;
    report(response, source, status, { outcome: outcomeOfRefusal(code), code, reason, id });
    // Whatever went wrong, a sender that is gone gets no answer.
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const detail = production ? {} : { detail: reason };
    const body = JSON.stringify({ title: STATUS_CODES[status], status, id, ...detail });
    const headers: string[] = [];
    if (status === 503) headers.push('Retry-After', String(options.retryAfterSeconds));
    if (status === 405) headers.push('Allow', 'POST');
    const readOn = options.keepRefusal(request, response, { id, source, code, reason });
    if (!readOn && (leavesTooMuch(request) || code === 'body_too_large'))
      sendAndLinger(request, response, { status, body, headers });
    else send(response, status, body, headers);
  }

  function send(
    response: Response,
    status: number,
    body: string,
    more: readonly string[] = [],
    encoding: BufferEncoding = 'utf8',
  ): void {
    const headers = options.closing() ? [...more, 'Connection', 'close'] : more;
    sendAnswer(response, { status, body, headers, encoding });
  }

  function report(response: Response, source: string, status: number, said: Report): void {
    const { startedAt, head } = response.locals.reception ?? {};
    const ms = startedAt === undefined ? 0 : Math.round((performance.now() - startedAt) * 100) / 100;
    const line = { source, ...said, status, ms, ip: head?.address };
    const isWell = said.reply !== 'failed' && said.reply !== 'late';
    if ((said.outcome === 'accepted' || said.outcome === 'duplicate') && isWell) log.info(line);
    else if (said.outcome === 'failed') log.error(line);
    else log.warn(line);
    meter.request(source, said.outcome, said.code ?? '', ms);
  }

  return { accept, refuse };
}

/** The codes with which checks that are only observed would have refused the request. */
function codesIn(proofs: readonly Proof[]): string | undefined {
  if (proofs.every((proof) => proof.wouldRefuse === undefined)) return undefined;
  return proofs.flatMap((proof) => proof.wouldRefuse ?? []).join(',');
}

function readError(error: unknown): { code: RefusalCode; reason: string } {
  if (error instanceof Rejection) return { code: error.code, reason: rejectionReason(error) };
  return { code: 'internal', reason: wordsOf(error) };
}
