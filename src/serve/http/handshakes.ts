/**
 * Answers handshakes, as the preset's datum says. None of them is stored in the inbox. Mounted by app.ts for sources whose preset has some:
 *
 *   GET, HEAD, OPTIONS   the checks of load, TLS, address and token, as every event; what is no handshake is refused with 405
 *   POST, signed         behind all checks, before the event would be kept
 *   POST, unsigned       once the check of the signature has refused it, if its body is small; what is none stays refused
 *
 * Whoever may make us compute or keep something without a signature may do so as often as token-bucket.ts admits.
 */
import type { NextFunction, Request, Response } from 'express';
import { TokenBuckets } from '../../inbox/refused/token-bucket.ts';
import { isForForms } from '../../verify/checks.ts';
import {
  HANDSHAKE_MOST,
  type HandshakeSettings,
  type MetHandshake,
  meetHandshake,
  methodOf,
} from '../../verify/handshake.ts';
import { type Proof, Rejection, type Verifier } from '../../verify/verifier.ts';
import type { ArrivedKeeper } from '../arrived.ts';
import { readBody } from './body.ts';
import type { Share } from './memory.ts';
import {
  type ReceiveOptions,
  type ReceivingSource,
  refuseIfNotHttps,
  refuseIfOverloaded,
  verifyHead,
} from './receive.ts';
import { isCompressed, type RequestStep, receptionOf, waitsForContinue } from './request.ts';

export interface HandshakeRules extends HandshakeSettings {
  /** Those of the source's checks that need no signature. */
  readonly verifiers: readonly Verifier[];
  /** Whether an unsigned handshake may bring a secret now; what to set if not, for the log. */
  readonly takesSecrets: boolean;
  readonly takingSetting: string;
}

export interface HandshakeOptions extends ReceiveOptions {
  readonly arrived: Pick<ArrivedKeeper, 'keep'>;
}

export class Handshakes {
  readonly #source: ReceivingSource;
  readonly #options: HandshakeOptions;
  readonly #buckets = new TokenBuckets();

  constructor(source: ReceivingSource, options: HandshakeOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** For every method but POST. */
  otherMethods(): RequestStep[] {
    const { name, handshakes = [] } = this.#source;
    const methods = [...new Set(['POST', ...handshakes.map(methodOf)])];
    const refuse = (response: Response) => {
      response.locals.allow = methods.join(', ');
      throw new Rejection('method_not_allowed');
    };
    const refuseOthers: RequestStep = (request, response, next) =>
      methods.includes(request.method) && !hasBody(request) ? next() : refuse(response);
    const answer: RequestStep = (request, response, next) => {
      const met = this.#meet(request, response, []) ?? refuse(response);
      this.#answer(response, met).catch(next);
    };
    const { requireHttps } = this.#options;
    const checks = [refuseIfOverloaded(name, this.#options), refuseIfNotHttps(requireHttps)];
    return [refuseOthers, ...checks, verifyHead(() => this.#rules.verifiers), answer];
  }

  /** Behind the checks of a POST. */
  proven(): RequestStep {
    return (request, response, next) => {
      const met = this.#meet(request, response, receptionOf(response).proofs);
      if (met) this.#answer(response, met).catch(next);
      else next();
    };
  }

  /** Handles the errors of a POST. */
  unsigned() {
    return (error: unknown, request: Request, response: Response, next: NextFunction) => {
      const code = error instanceof Rejection ? error.code : '';
      const [scheme = '', failed = ''] = code.split('_');
      const isUnsigned = isForForms(scheme) && ['missing', 'mismatch'].includes(failed);
      const bytesMost = Math.min(HANDSHAKE_MOST, this.#source.rules().bodyLimitBytes);
      if (request.method !== 'POST' || !isUnsigned || !mayBeRead(request, bytesMost)) return next(error);
      readSmallBody(request, response)
        .then(() => {
          const met = this.#meet(request, response);
          // A wrong signature is that of the secret that it brings, or of nobody.
          if (!met || (failed === 'mismatch' && !met.brings)) throw error;
          return this.#answer(response, met, error as Rejection);
        })
        .catch(next);
    };
  }

  get #rules(): HandshakeRules {
    return this.#source.rules().handshake as HandshakeRules;
  }

  #meet({ method }: Request, response: Response, proofs?: readonly Proof[]): MetHandshake | undefined {
    const { head, body } = receptionOf(response);
    const asked = { method, head, body, ...(proofs && { proofs }) };
    const met = meetHandshake(this.#source.handshakes ?? [], asked, this.#rules);
    if (met === 'refused') throw new Rejection('handshake_mismatch');
    // By a secret that is live already: nothing has to be taken from it, and it is an event like others.
    const isNews = !met?.brings || met.signed === true || !proofs || this.#rules.takesSecrets;
    return isNews ? met : undefined;
  }

  /** `refused`: why it would be refused if it were none. */
  async #answer(response: Response, met: MetHandshake, refused?: Rejection): Promise<void> {
    const { name } = this.#source;
    const { brings, made, signed } = met;
    const { head, network = '', startedAt } = receptionOf(response);
    const { takesSecrets, takingSetting } = this.#rules;
    if (brings && refused && !takesSecrets) {
      const why = `a handshake brings ${brings.what}, which is taken only while ${takingSetting}`;
      throw new Rejection(refused.code, why);
    }
    const sender = { source: name, network, isProven: signed === true };
    const isAdmitted = !(made || brings) || this.#buckets.admit(sender, 0, startedAt);
    const address = head.address ?? '';
    const arrived = { at: new Date(head.receivedAt).toISOString(), address, network };
    if (!isAdmitted || (brings && !(await this.#options.arrived.keep(name, { ...arrived, ...brings }))))
      throw new Rejection('handshake_often');
    const proven = signed === true ? '' : ', which nobody has proven';
    const warning = `${brings?.what} has come from ${address}${proven}: \`consignee secret take ${name}\` shows it once`;
    this.#options.responder.greet(response, name, met, brings && warning);
  }
}

function mayBeRead(request: Request, bytesMost: number): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  const isSmall = encoding === undefined && Number(length) <= bytesMost;
  return isSmall && !waitsForContinue(request) && !isCompressed(request.headers);
}

async function readSmallBody(request: Request, response: Response): Promise<void> {
  const reception = receptionOf(response);
  if (reception.bodyRead) return;
  const share = reception.share as Share;
  response.once('close', share.release);
  reception.body = await readBody(request, HANDSHAKE_MOST, share);
  reception.bodyRead = true;
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
