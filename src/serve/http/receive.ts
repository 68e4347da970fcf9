/**
 * The steps of a webhook in the order of the checks. Checks that need no body come first. Until they have passed, no byte of
 * the body is read and no `100 Continue` is sent.
 *
 *   503  shutting_down, overloaded, body_consumed     413  body_too_large
 *   403  https_required                               401  a scheme refuses the body
 *   401  a scheme refuses the head (an address: 403)  503  inbox_slow, inbox_failed, internal
 *   415  encoding_unsupported                         200  accepted, duplicate (held is answered as accepted)
 */
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Arrival, Kept } from '../../inbox/contract.ts';
import type { WrittenAnswer } from '../../verify/handshake-answers.ts';
import { type BodyCheck, type Proof, provenBy, Rejection, type Verifier } from '../../verify/verifier.ts';
import type { arrivedKeeper } from '../arrived.ts';
import type { HandshakeRules } from '../config/handshakes.ts';
import type { ReplyOptions } from '../work.ts';
import { readBody, tooLarge } from './body.ts';
import type { BodyMemory, Share } from './memory.ts';
import {
  headerKeeper,
  inTurn,
  isCompressed,
  type Reception,
  type RequestStep,
  receptionOf,
  waitsForContinue,
} from './request.ts';
import type { Responder } from './respond.ts';

export interface ReceivingSource {
  readonly name: string;
  readonly path: string;
  /** Names of headers that are kept beside the usual. */
  readonly keepHeaders: readonly string[];
  /** Asked for each request: a reload may have changed them. */
  readonly rules: () => SourceRules;
  readonly reply?: ReplyOptions;
  /** For an event that is on disk, instead of ours. */
  readonly answer?: WrittenAnswer;
  /** The time to store an event in, from the moment its request came in. Left out: the inbox's own. */
  readonly storeWithinMs?: number;
}

export interface SourceRules {
  readonly bodyLimitBytes: number;
  /** They run in this order. If there are none, the source is off. */
  readonly verifiers: readonly Verifier[];
  /** Those of the schemes with secrets that are not only observed. */
  readonly enforced: readonly string[];
  /** Those of the checks by secrets that are enforced. */
  readonly proving: readonly Verifier[];
  /** Left out: its preset has no handshakes. */
  readonly handshake?: HandshakeRules;
  /** Says what to set to switch the source on. */
  readonly offReason: string;
}

export interface ReceiveOptions {
  readonly requireHttps: boolean;
  readonly memory: BodyMemory;
  /** Says whether an address has sent a genuine event to the source before. */
  readonly isKnown: (source: string, address: string) => boolean;
  readonly stoppedTaking: () => boolean;
  /** It is given up after `withinMs`, or when the inbox's own time is over. */
  readonly keep: (arrival: Arrival, withinMs?: number) => Promise<Kept>;
  /** Of a handshake; false: there is no room. */
  readonly keepArrived: ReturnType<typeof arrivedKeeper>;
  readonly responder: Responder;
  /** Made by host-body.ts. */
  readonly checkHostBody: RequestStep;
}

/** The chain that http/app.ts mounts at the source's path. `last`: steps before the event is kept, and handlers of errors. */
export function receive(
  source: ReceivingSource,
  options: ReceiveOptions,
  last: readonly (RequestStep | ErrorRequestHandler)[] = [],
): (RequestStep | ErrorRequestHandler)[] {
  return [
    refuseIfOverloaded(source.name, options),
    options.checkHostBody,
    refuseIfNotHttps(options.requireHttps),
    verifyHead(source.rules),
    refuseIfEncoded,
    refuseIfTooLarge(source.rules),
    readRawBytes(source.rules),
    verifyBody,
    ...last,
    keepThenAnswer(source, options),
  ];
}

function refuseIfOverloaded(source: string, { memory, isKnown, stoppedTaking }: ReceiveOptions): RequestStep {
  return function checkLoad(_request, response, next) {
    if (stoppedTaking()) throw new Rejection('shutting_down');
    const reception = receptionOf(response);
    const { network, head } = reception;
    const share = memory.shareOf({ source, network, isKnown: isKnown(source, head.address ?? '') });
    const full = share.full();
    if (full !== undefined) throw new Rejection('overloaded', full);
    reception.share = share;
    next();
  };
}

function refuseIfNotHttps(required: boolean): RequestStep {
  return function checkHttps(_request, response, next) {
    if (required && !receptionOf(response).secure) throw new Rejection('https_required');
    next();
  };
}

function verifyHead(rules: ReceivingSource['rules']): RequestStep {
  return function checkHead(_request, response, next) {
    const reception = receptionOf(response);
    const { verifiers, handshake } = rules();
    // A handshake that is no POST has no signature.
    const those = reception.refused ? (handshake?.verifiers ?? verifiers) : verifiers;
    inTurn(those, reception.head, (known) => note(known, reception), next);
  };
}

function note(result: Proof | BodyCheck, { bodyChecks, proofs }: Reception): void {
  if (typeof result === 'function') bodyChecks.push(result);
  else proofs.push(result);
}

function refuseIfEncoded(request: Request, _response: Response, next: () => void): void {
  if (isCompressed(request.headers)) throw new Rejection('encoding_unsupported');
  next();
}

function refuseIfTooLarge(rules: ReceivingSource['rules']): RequestStep {
  return function checkLength(request, _response, next) {
    const limitBytes = rules().bodyLimitBytes;
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
    next();
  };
}

export function readRawBytes(rules: ReceivingSource['rules']): RequestStep {
  return function readRawBody(request, response, next) {
    if (waitsForContinue(request)) response.writeContinue();
    const reception = receptionOf(response);
    const share = reception.share as Share;
    response.once('close', share.release);
    const limitBytes = rules().bodyLimitBytes;
    if (reception.bodyRead) {
      if (reception.body.length > limitBytes) throw tooLarge(limitBytes);
      return next();
    }
    readBody(request, limitBytes, share).then((body) => {
      reception.body = body;
      reception.bodyRead = true;
      next();
    }, next);
  };
}

function verifyBody(_request: Request, response: Response, next: (error?: unknown) => void): void {
  const { bodyChecks, proofs, body } = receptionOf(response);
  inTurn(bodyChecks, body, (proof: Proof) => proofs.push(proof), next);
}

/** The event is on disk before anybody is answered; from then on the answer is a 200, whatever the reply function does. */
function keepThenAnswer(source: ReceivingSource, { keep, responder }: ReceiveOptions): RequestStep {
  const { name, reply, storeWithinMs } = source;
  const keptHeaders = headerKeeper(source.keepHeaders);
  return function keepEvent(request, response, next) {
    const reception = receptionOf(response);
    const { head, proofs, body, refused } = reception;
    // It was no handshake, and is no event either.
    if (refused) return next(refused);
    const arrival: Arrival = {
      source: name,
      receivedAt: head.receivedAt,
      address: head.address ?? '',
      headers: keptHeaders(request.headers),
      ...provenBy(proofs),
      body,
    };
    const leftOf = (ms: number) => ms - (performance.now() - reception.startedAt);
    keep(arrival, storeWithinMs && leftOf(storeWithinMs))
      .then((kept) => {
        if (!reply || kept.outcome === 'held') return responder.accept(response, source, kept);
        const leftMs = leftOf(reply.withinMs);
        return reply
          .ask(arrival, kept, leftMs)
          .then((said) => responder.accept(response, source, kept, said));
      })
      .catch(next);
  };
}
