/**
 * The one place that answers a webhook, logs the answer and counts it. It knows the headers of every answer.
 *
 *   200  application/json          {"status":"accepted"|"duplicate","id":"evt_…"}, or what the source's `reply` returned
 *   else application/problem+json  {"title","status","id":"ref_…"}, with `detail` outside production
 *
 * A preset may name another answer than ours, and a handshake has its own. How much of a body may be left unread, sending.ts says.
 */
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { wordsOf } from '../../base/errors.ts';
import type { Log } from '../../base/log/log.ts';
import { redactText } from '../../base/log/redact.ts';
import { http } from '../../base/node-http.ts';
import type { ReplyResult } from '../../deliver/dispatch/reply.ts';
import type { Kept } from '../../inbox/contract.ts';
import type { WrittenAnswer } from '../../verify/handshake-answers.ts';
import { REFUSALS, type RefusalCode, rejectionReason } from '../../verify/refusals.ts';
import { type Proof, Rejection } from '../../verify/verifier.ts';
import { type Meter, outcomeOfRefusal, type RequestOutcome } from '../meter.ts';
import { missedPath } from './missed.ts';
import type { KeepRefusal } from './refused.ts';
import { receptionOf, targetOf } from './request.ts';
import type { ReadSender } from './senders.ts';
import { leavesTooMuch, sendAndLinger, writeHead } from './sending.ts';

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

export interface Responder {
  /** Answers for an event that is on disk. `reply` is what the source's function said, if it has one and was asked. */
  accept(response: Response, source: Accepting, kept: Kept, reply?: ReplyResult): void;
  /** Answers a handshake. `warning` goes into the log. */
  greet(response: Response, source: string, answer: WrittenAnswer, warning?: string): void;
  refuse(request: Request, response: Response, source: string, error: unknown): void;
}

/** `answer`: the one that the preset names. */
interface Accepting {
  readonly name: string;
  readonly answer?: WrittenAnswer | undefined;
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

type SentAnswer = Omit<WrittenAnswer, 'headers'> & Partial<Pick<WrittenAnswer, 'headers'>>;

export function responder(options: ResponderOptions): Responder {
  const { production, meter } = options;
  const report = reporter(options);

  function accept(response: Response, sourceOf: Accepting, kept: Kept, reply?: ReplyResult): void {
    const { name: source, answer } = sourceOf;
    const { head, proofs } = receptionOf(response);
    const isReply = reply?.outcome === 'answered';
    const status = isReply ? 200 : (answer?.status ?? 200);
    if (isReply) send(response, { status, type: JSON_TYPE, body: reply.json });
    else if (answer) send(response, answer);
    else send(response, { status, type: JSON_TYPE, body: ownAnswer(kept) }, 'latin1');
    const { id: eventId, ...told } = kept;
    const wouldRefuse = codesIn(proofs);
    const more = {
      ...(wouldRefuse !== undefined && { wouldRefuse }),
      ...(reply && { reply: reply.outcome, ...('reason' in reply && { reason: reply.reason }) }),
    };
    report(response, source, status, { ...told, eventId, ...more });
    if (reply) meter.reply(source, reply.outcome);
    for (const proof of proofs) meter.proof(source, proof);
    const address = head.address ?? '';
    meter.sender(source, { code: '', address, isKnown: true, looks: 'proven', proofs });
    if (kept.outcome === 'duplicate') meter.duplicate(eventId);
    else options.learn(source, address, head.receivedAt);
  }

  function greet(response: Response, source: string, answer: WrittenAnswer, warning?: string): void {
    send(response, answer);
    report(response, source, answer.status, {
      outcome: 'handshake',
      ...(warning !== undefined && { warning }),
    });
  }

  function refuse(request: Request, response: Response, source: string, error: unknown): void {
    const code = error instanceof Rejection ? error.code : 'internal';
    const reason = error instanceof Rejection ? rejectionReason(error) : redactText(wordsOf(error));
    const { status } = REFUSALS[code];
    const id = `ref_${randomBytes(8).toString('hex')}`;
    const missed = code === 'not_found' ? missedPath(targetOf(request, response), options.paths) : {};
    report(response, source, status, { outcome: outcomeOfRefusal(code), code, reason, id, ...missed });
    // Whatever went wrong, a sender that is gone gets no answer.
    if (response.headersSent || response.destroyed) return void response.destroy();
    const detail = production ? {} : { detail: reason };
    const body = JSON.stringify({ title: http.STATUS_CODES[status], status, id, ...detail });
    const headers: string[] = [];
    if (status === 503 || status === 429) headers.push('Retry-After', String(options.retryAfterSeconds));
    if (status === 405) headers.push('Allow', response.locals.allow ?? 'POST');
    if (status === 415) headers.push('Accept-Encoding', 'identity');
    const readOn = options.keepRefusal(request, response, { id, source, code, reason });
    const endsWithAnswer = options.closing() || !response.shouldKeepAlive;
    if (readOn ? endsWithAnswer : leavesTooMuch(request) || code === 'body_too_large')
      sendAndLinger(request, response, readOn, { status, type: PROBLEM_TYPE, body }, headers);
    else send(response, { status, type: PROBLEM_TYPE, body, headers });
    if (status < 500) noteSender(request, response, { source, code }, options);
  }

  function send(response: Response, answer: SentAnswer, encoding: BufferEncoding = 'utf8'): void {
    const { headers: more = [] } = answer;
    const headers = options.closing() ? [...more, 'Connection', 'close'] : more;
    writeHead(response, answer, headers);
    response.end(answer.body, encoding);
  }

  return { accept, greet, refuse };
}

/** Writes the line of a request, and counts it. */
function reporter({ log, meter }: Pick<ResponderOptions, 'log' | 'meter'>) {
  return function report(response: Response, source: string, status: number, said: Report): void {
    const { startedAt, head } = response.locals.reception ?? {};
    const ms = startedAt === undefined ? 0 : Math.round((performance.now() - startedAt) * 100) / 100;
    const line = { source, ...said, status, ms, ip: head?.address };
    const isWell = said.reply !== 'failed' && said.reply !== 'late' && said.warning === undefined;
    const { outcome } = said;
    const isTaken = outcome === 'accepted' || outcome === 'duplicate' || outcome === 'handshake';
    if (isTaken && isWell) log.info(line);
    else if (said.outcome === 'failed') log.error(line);
    else log.warn(line);
    meter.request(source, said.outcome, said.code ?? '', ms);
  };
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
  const target = targetOf(request, response);
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
