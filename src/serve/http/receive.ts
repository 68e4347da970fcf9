/**
 * A webhook's journey, step by step, in the order of the checks. What needs no body comes first, and until it has passed
 * neither a byte of the body is read nor `100 Continue` sent.
 *
 *   503  shutting_down, overloaded                    413  body_too_large
 *   403  https_required                               401  a scheme refuses the body
 *   401  a scheme refuses the head (an address: 403)  503  inbox_slow, inbox_failed, internal
 *   415  encoding_unsupported                         200  accepted, duplicate (held is answered as accepted)
 */
import type { Request, Response } from 'express';
import type { Arrival, Kept } from '../../inbox/contract.ts';
import { Rejection } from '../../verify/rejection.ts';
import type { BodyCheck, Proof, Verifier } from '../../verify/verifier.ts';
import { type Budget, readBody, tooLarge } from './body.ts';
import { keptHeaders } from './headers.ts';
import { type Reception, receptionOf, type SourceReply, type Step } from './reception.ts';
import type { Responder } from './respond.ts';

export interface ReceivingSource {
  readonly name: string;
  readonly path: string;
  /** Asked for each request: a reload may have changed them. */
  readonly rules: () => SourceRules;
  readonly reply?: ReplyOptions;
}

export interface SourceRules {
  readonly bodyLimitBytes: number;
  /** In the order they are checked; none: the source is off. */
  readonly verifiers: readonly Verifier[];
  /** What to set to switch the source on. */
  readonly offReason: string;
}

export interface ReplyOptions {
  /** How long the provider may be kept waiting, from the moment its request came in. */
  readonly withinMs: number;
  readonly ask: (arrival: Arrival, kept: Kept, withinMs: number) => Promise<SourceReply>;
}

export interface ReceiveOptions {
  readonly requireHttps: boolean;
  readonly budget: Budget;
  readonly stoppedTaking: () => boolean;
  readonly keep: (arrival: Arrival) => Promise<Kept>;
  readonly responder: Responder;
}

/** The chain that http/app.ts mounts at the source's path. */
export function receive(source: ReceivingSource, options: ReceiveOptions): Step[] {
  return [
    refuseIfOverloaded(options.budget, options.stoppedTaking),
    refuseIfNotHttps(options.requireHttps),
    verifyHead(source.rules),
    refuseIfEncoded,
    refuseIfTooLarge(source.rules),
    read(source.rules, options.budget),
    verifyBody,
    keep(source.name, options.keep),
    ...(source.reply ? [ask(source.reply)] : []),
    accept(source.name, options.responder),
  ];
}

function refuseIfOverloaded(budget: Budget, stoppedTaking: () => boolean): Step {
  return function checkLoad(_request, _response, next) {
    if (stoppedTaking()) throw new Rejection('shutting_down');
    if (budget.inFlight >= budget.max) throw new Rejection('overloaded');
    next();
  };
}

function refuseIfNotHttps(required: boolean): Step {
  return function checkHttps(_request, response, next) {
    if (required && !receptionOf(response).secure) throw new Rejection('https_required');
    next();
  };
}

function verifyHead(rules: ReceivingSource['rules']): Step {
  return function checkHead(_request, response, next) {
    check(rules().verifiers, 0, receptionOf(response), next);
  };
}

/** One after the other, so that the first that fails answers. Most of them know at once. */
function check(
  verifiers: readonly Verifier[],
  from: number,
  reception: Reception,
  next: (error?: unknown) => void,
): void {
  for (let at = from; at < verifiers.length; at++) {
    const result = (verifiers[at] as Verifier)(reception.head);
    if (result instanceof Promise) {
      result
        .then((known) => {
          note(known, reception);
          check(verifiers, at + 1, reception, next);
        })
        .catch(next);
      return;
    }
    note(result, reception);
  }
  next();
}

function note(result: Proof | BodyCheck, { bodyChecks, proofs }: Reception): void {
  if (typeof result === 'function') bodyChecks.push(result);
  else proofs.push(result);
}

function refuseIfEncoded(request: Request, _response: Response, next: () => void): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new Rejection('encoding_unsupported');
  }
  next();
}

function refuseIfTooLarge(rules: ReceivingSource['rules']): Step {
  return function checkLength(request, _response, next) {
    const limitBytes = rules().bodyLimitBytes;
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
    next();
  };
}

function read(rules: ReceivingSource['rules'], budget: Budget): Step {
  return function readRawBody(request, response, next) {
    if (request.headers.expect !== undefined) response.writeContinue();
    const reading = readBody(request, rules().bodyLimitBytes, budget);
    response.once('close', reading.release);
    reading.body.then((body) => {
      const reception = receptionOf(response);
      reception.body = body;
      reception.bodyRead = true;
      next();
    }, next);
  };
}

function verifyBody(_request: Request, response: Response, next: () => void): void {
  const { bodyChecks, proofs, body } = receptionOf(response);
  for (const check of bodyChecks) proofs.push(check(body));
  next();
}

function keep(source: string, keepArrival: ReceiveOptions['keep']): Step {
  return function keepEvent(request, response, next) {
    const reception = receptionOf(response);
    const { head, proofs, body } = reception;
    const headers = keptHeaders(request.headers);
    const address = head.address ?? '';
    const evidence = JSON.stringify(proofs);
    reception.arrival = { source, receivedAt: head.receivedAt, address, headers, evidence, body };
    keepArrival(reception.arrival).then((kept) => {
      reception.kept = kept;
      next();
    }, next);
  };
}

/** Whatever comes of it, the event is on disk and the answer a 200. */
function ask({ ask: askSource, withinMs }: ReplyOptions): Step {
  return function askForReply(_request, response, next) {
    const reception = receptionOf(response);
    const { arrival, kept, startedAt } = reception as Required<Reception>;
    if (kept.outcome === 'held') return next();
    askSource(arrival, kept, withinMs - (performance.now() - startedAt)).then((reply) => {
      reception.reply = reply;
      next();
    }, next);
  };
}

function accept(source: string, { accept: answer }: Responder): Step {
  return function acceptEvent(_request, response) {
    answer(response, source);
  };
}
