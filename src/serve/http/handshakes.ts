/**
 * Answers handshakes, as the preset's datum says. Two steps of the chain of receive.ts, for sources whose preset has some:
 *
 *   checkUnsigned     lets a POST go on that the check of the signature has refused, if its body is small
 *   answerHandshake   answers what is a handshake; what is none goes on as an event, or is refused as it was before
 *
 * None is stored: what is refused if it is no handshake (any GET, HEAD and OPTIONS, any POST without its signature) never goes on.
 * Whoever may make us compute or keep something without a signature may do so as often as token-bucket.ts admits.
 */
import type { NextFunction, Request, Response } from 'express';
import { TokenBuckets } from '../../inbox/refused/token-bucket.ts';
import { needsNoSignature } from '../../verify/checks.ts';
import { HANDSHAKE_MOST } from '../../verify/handshake-answers.ts';
import { Rejection } from '../../verify/verifier.ts';
import { arrivedWith, sayArrived } from '../arrived.ts';
import { areSigned, type HandshakeRules } from '../config/handshakes.ts';
import { type ReceiveOptions, type ReceivingSource, readRawBytes } from './receive.ts';
import { isCompressed, type RequestStep, receptionOf, waitsForContinue } from './request.ts';

type Met = NonNullable<ReturnType<HandshakeRules['meet']>>;

export function handshakeSteps({ name, rules }: ReceivingSource, { keepArrived, responder }: ReceiveOptions) {
  const buckets = new TokenBuckets();
  const readBytes = readRawBytes(rules);
  return [checkUnsigned, answerHandshake];

  // Express knows an error handler by its four parameters.
  function checkUnsigned(error: unknown, request: Request, response: Response, next: NextFunction): void {
    const [scheme = '', failed = ''] = error instanceof Rejection ? error.code.split('_') : [];
    const isOfSignature = !needsNoSignature(scheme) && ['missing', 'mismatch'].includes(failed);
    const isSmall = bytesToCome(request) <= Math.min(HANDSHAKE_MOST, rules().bodyLimitBytes);
    if (!isOfSignature || !isSmall || waitsForContinue(request) || isCompressed(request.headers)) {
      next(error);
    } else {
      receptionOf(response).refused = error as Rejection;
      readBytes(request, response, next);
    }
  }

  function answerHandshake({ method }: Request, response: Response, next: NextFunction): void {
    const reception = receptionOf(response);
    const { proofs, refused } = reception;
    const { meet, takesSecretsIf } = rules().handshake as HandshakeRules;
    const met = meet(method, !refused && areSigned(proofs), reception);
    // A wrong signature is that of the secret that it brings, or of nobody.
    if (!met || (refused?.code.endsWith('_mismatch') && !met.brings)) {
      next(refused);
    } else if (met.brings && !met.isProven && takesSecretsIf !== undefined) {
      const why = `a handshake brings ${met.brings.what}, which is taken only while ${takesSecretsIf}`;
      next(refused && new Rejection(refused.code, why));
    } else {
      answer(response, met).catch(next);
    }
  }

  async function answer(response: Response, { made, brings, isProven, written }: Met): Promise<void> {
    const { head, network = '', startedAt } = receptionOf(response);
    const isCostly = made !== undefined || brings !== undefined;
    const isAdmitted = !isCostly || buckets.admit({ source: name, network, isProven }, 0, startedAt);
    const arrived = brings && arrivedWith(head, network, brings);
    if (!isAdmitted || (arrived && !(await keepArrived(name, arrived))))
      throw new Rejection('handshake_often');
    const from = ` from ${head.address ?? ''}${isProven ? '' : ', which nobody has proven'}`;
    responder.greet(response, name, written, brings && sayArrived(name, brings.what, from));
  }
}

/** Of other methods than POST only those that a handshake has; and what is none in the end is refused. */
export function refuseOtherMethods({ rules }: ReceivingSource): RequestStep {
  return function checkMethod(request, response, next) {
    if (request.method === 'POST') return next();
    const refused = new Rejection('method_not_allowed');
    const { methods } = rules().handshake ?? { methods: ['POST'] };
    response.locals.allow = methods.join(', ');
    if (!methods.includes(request.method) || bytesToCome(request) > 0) throw refused;
    receptionOf(response).refused = refused;
    next();
  };
}

function bytesToCome({ headers }: Request): number {
  return headers['transfer-encoding'] ? Number.POSITIVE_INFINITY : Number(headers['content-length'] ?? 0);
}
