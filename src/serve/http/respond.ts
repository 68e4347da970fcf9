/**
 * The one place that answers a webhook, logs the answer and counts it. It knows the headers of every answer.
 *
 *   200  application/json          {"status":"accepted"|"duplicate","id":"evt_…"}, or what the source's `reply` returned
 *   else application/problem+json  {"title","status","id":"ref_…"}, with `detail` outside production
 *
 * A refusal that leaves more of a body unread than is worth reading closes the connection, but not before the sender has
 * had the chance to read the answer: a socket closed over unread bytes is reset, and the answer lost.
 */
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { wordsOf } from '../../base/errors.ts';
import type { Log } from '../../base/log/log.ts';
import { redactText } from '../../base/log/redact.ts';
import { http } from '../../base/node-http.ts';
import type { ReplyResult } from '../../deliver/dispatch/reply.ts';
import type { Kept } from '../../inbox/contract.ts';
import { REFUSALS, type RefusalCode, rejectionReason } from '../../verify/refusals.ts';
import { type Proof, Rejection } from '../../verify/verifier.ts';
import { type Meter, outcomeOfRefusal, type RequestOutcome } from '../meter.ts';
import { missedPath } from './missed.ts';
import type { KeepRefusal } from './refused.ts';
import { receptionOf, waitsForContinue } from './request.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import type { ReadSender } from './senders.ts';

const DRAIN_BYTES = 65_536;
const LINGER_MS = 500;

export interface Responder {
  /** Answers for an event that is on disk. `reply` is what the source's function said, if it has one and was asked. */
  accept(response: Response, source: string, kept: Kept, reply?: ReplyResult): void;
  refuse(request: Request, response: Response, source: string, error: unknown): void;
}

interface ResponderOptions {
  readonly production: boolean;
  readonly retryAfterSeconds: number;
  readonly log: Log;
  readonly meter: Meter;
  readonly keepRefusal: KeepRefusal;
  readonly readSender: ReadSender;
  /** Hears that a new event from there has passed every check. A duplicate proves nobody: it may have been caught. */
  readonly learn: (source: string, address: string, at: number) => void;
  readonly paths: readonly string[];
  /** True while the service stops: then every answer ends its connection. */
  readonly closing: () => boolean;
}

type ReportWord = 'code' | 'reason' | 'warning' | 'eventId' | 'id' | 'wouldRefuse';
/** The part of a request's log line that depends on how the request was answered. */
interface Report extends Partial<Readonly<Record<ReportWord, string>>> {
  readonly outcome: RequestOutcome;
  readonly reply?: ReplyResult['outcome'];
  readonly path?: string;
  readonly meant?: string;
}

export function responder(options: ResponderOptions): Responder {
  const { production, log, meter } = options;

  function accept(response: Response, source: string, kept: Kept, reply?: ReplyResult): void {
    const { head, proofs } = receptionOf(response);
    if (reply?.outcome === 'answered') send(response, 200, reply.json);
    else send(response, 200, ownAnswer(kept), [], 'latin1');
    const { id: eventId, ...told } = kept;
    const wouldRefuse = codesIn(proofs);
    const more = {
      ...(wouldRefuse !== undefined && { wouldRefuse }),
      ...(reply && { reply: reply.outcome, ...('reason' in reply && { reason: reply.reason }) }),
    };
    report(response, source, 200, { ...told, eventId, ...more });
    if (reply) meter.reply(source, reply.outcome);
    for (const proof of proofs) meter.proof(source, proof);
    const address = head.address ?? '';
    meter.sender(source, { code: '', address, isKnown: true, looks: 'proven', proofs });
    if (kept.outcome === 'duplicate') meter.duplicate(eventId);
    else options.learn(source, address, head.receivedAt);
  }

  function refuse(request: Request, response: Response, source: string, error: unknown): void {
    const code = error instanceof Rejection ? error.code : 'internal';
    const reason = error instanceof Rejection ? rejectionReason(error) : redactText(wordsOf(error));
    const { status } = REFUSALS[code];
    const id = `ref_${randomBytes(8).toString('hex')}`;
    const missed = code === 'not_found' ? missedPath(request.originalUrl ?? request.url, options.paths) : {};
    report(response, source, status, { outcome: outcomeOfRefusal(code), code, reason, id, ...missed });
    // Whatever went wrong, a sender that is gone gets no answer.
    if (response.headersSent || response.destroyed) return void response.destroy();
    const detail = production ? {} : { detail: reason };
    const body = JSON.stringify({ title: http.STATUS_CODES[status], status, id, ...detail });
    const headers: string[] = [];
    if (status === 503) headers.push('Retry-After', String(options.retryAfterSeconds));
    if (status === 405) headers.push('Allow', 'POST');
    if (status === 415) headers.push('Accept-Encoding', 'identity');
    const readOn = options.keepRefusal(request, response, { id, source, code, reason });
    const endsWithAnswer = options.closing() || !response.shouldKeepAlive;
    if (readOn ? endsWithAnswer : leavesTooMuch(request) || code === 'body_too_large')
      sendAndLinger(request, response, readOn, status, body, headers);
    else send(response, status, body, headers);
    if (status < 500) noteSender(request, response, { source, code }, options);
  }

  function send(
    response: Response,
    status: number,
    body: string,
    more: readonly string[] = [],
    encoding: BufferEncoding = 'utf8',
  ): void {
    const headers = options.closing() ? [...more, 'Connection', 'close'] : more;
    writeHead(response, status, body, headers);
    response.end(body, encoding);
  }

  function report(response: Response, source: string, status: number, said: Report): void {
    const { startedAt, head } = response.locals.reception ?? {};
    const ms = startedAt === undefined ? 0 : Math.round((performance.now() - startedAt) * 100) / 100;
    const line = { source, ...said, status, ms, ip: head?.address };
    const isWell = said.reply !== 'failed' && said.reply !== 'late' && said.warning === undefined;
    if ((said.outcome === 'accepted' || said.outcome === 'duplicate') && isWell) log.info(line);
    else if (said.outcome === 'failed') log.error(line);
    else log.warn(line);
    meter.request(source, said.outcome, said.code ?? '', ms);
  }

  return { accept, refuse };
}

/** Plain ASCII, which goes out without being encoded. */
function ownAnswer({ outcome, id }: Kept): string {
  return `{"status":"${outcome === 'duplicate' ? 'duplicate' : 'accepted'}","id":"${id}"}`;
}

/** Nobody waits for it: the answer is out. */
function noteSender(
  request: Request,
  response: Response,
  { source, code }: { readonly source: string; readonly code: RefusalCode },
  { readSender, meter, log }: ResponderOptions,
): void {
  const { head } = response.locals.reception ?? {};
  if (!head) return;
  const target = request.originalUrl ?? request.url;
  readSender({ source, code, target, headers: request.headers, head }).then(
    (sender) => sender && meter.sender(sender.source, sender.seen),
    (error: Error) => log.debug({ source, reason: error.message }, 'nobody knows who was refused'),
  );
}

/** The codes with which checks that are only observed would have refused it. */
function codesIn(proofs: readonly Proof[]): string | undefined {
  if (proofs.every((proof) => proof.wouldRefuse === undefined)) return undefined;
  return proofs.flatMap((proof) => proof.wouldRefuse ?? []).join(',');
}

/**
 * Answers in full. The connection goes once the body has come that is read behind the answer, or, if nobody reads it, after a
 * moment in which the sender can read the answer.
 */
function sendAndLinger(
  request: Request,
  response: Response,
  readOn: boolean,
  status: number,
  body: string,
  headers: readonly string[],
): void {
  writeHead(response, status, body, [...headers, 'Connection', 'close']);
  response.write(body);
  const timer = readOn ? undefined : setTimeout(over, LINGER_MS);
  let drained = 0;
  const drain = (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAIN_BYTES) request.pause();
  };
  if (!readOn) request.on('data', drain);
  request.once('end', over);
  request.once('close', over);

  function over(): void {
    clearTimeout(timer);
    response.end();
  }
}

/** Answers whether more of the body is still to come than is worth reading. */
function leavesTooMuch(request: Request): boolean {
  if (request.complete) return false;
  const declared = request.headers['content-length'];
  if (declared === undefined) return request.headers['transfer-encoding'] !== undefined;
  return Number(declared) > DRAIN_BYTES || waitsForContinue(request);
}

/** `headers`: names and values by turns, beside the usual ones. */
function writeHead(response: Response, status: number, body: string, headers: readonly string[]): void {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  const described = ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...SECURITY_HEADERS, ...described, ...headers]);
}
