/**
 * Keeps what was refused as unproven (401), so that it can be judged again: a secret may have been changed at the provider
 * first. Called by respond.ts just before the answer goes out.
 *
 * A request that failed before its body was read gets its answer at once, and the body is read behind the answer, if there
 * is a place for it (late-reads.ts). What there is no place for is counted. Never kept: what an allowlist refused or would
 * have refused, what could not be accepted with any secret (no body, a compressed one, one over the source's limit), what its
 * sender breaks off, and what waits for `100 Continue`, since that body never comes.
 */
import type { Request, Response } from 'express';
import { networkOf } from '../../base/address.ts';
import type { RefusedClient, RefusedRequest } from '../../inbox/refused/client.ts';
import { isProof } from '../../verify/checks.ts';
import { judgedPart } from '../../verify/judged-head.ts';
import { digestOfToken } from '../../verify/query-token.ts';
import { REFUSALS, type RefusalCode } from '../../verify/refusals.ts';
import { Rejection } from '../../verify/verifier.ts';
import type { SourceConfig } from '../config/source.ts';
import { readBody } from './body.ts';
import { type LateBody, LateReads } from './late-reads.ts';
import type { Share } from './memory.ts';
import type { SourceRules } from './receive.ts';
import { headerKeeper, isCompressed, type Reception, waitsForContinue } from './request.ts';

type GivenRefusal = Pick<RefusedRequest, 'id' | 'source' | 'reason'> & { readonly code: RefusalCode };

/** Answers whether the rest of the request is being read, so that its connection may stay. */
export type KeepRefusal = (request: Request, response: Response, refusal: GivenRefusal) => boolean;

interface KeepRefusalOptions {
  readonly sources: readonly Pick<SourceConfig, 'name' | 'preset' | 'keepHeaders'>[];
  readonly rulesOf: (source: string) => SourceRules;
  /** Whether an event of the source was accepted from there before. */
  readonly isProven: (source: string, address: string) => boolean;
  readonly store: Pick<RefusedClient, 'keep' | 'lose'>;
}

interface HeaderChoice {
  /** What is judged by: what carries credentials, and what is signed beside the body. */
  readonly judged: ReturnType<typeof judgedPart>;
  readonly kept: ReturnType<typeof headerKeeper>;
}

export function keepRefusals(options: KeepRefusalOptions): KeepRefusal {
  const { store, rulesOf } = options;
  const headersOf = new Map(
    options.sources.map(({ name, preset, keepHeaders }): [string, HeaderChoice] => [
      name,
      { judged: judgedPart(preset), kept: headerKeeper(keepHeaders) },
    ]),
  );
  const lateReads = new LateReads();

  return function keepRefusal(request, response, refusal) {
    const { source } = refusal;
    const choice = headersOf.get(source);
    const reception: Reception | undefined = response.locals.reception;
    if (!choice || !reception || REFUSALS[refusal.code].status !== 401 || isOutsider(reception)) return false;
    const address = reception.head.address ?? '';
    const isProven = options.isProven(source, address);
    const { enforced, bodyLimitBytes } = rulesOf(source);
    const keepWith = (body: Buffer) =>
      store.keep(requestOf(request, reception, { choice, enforced, refusal, body }), isProven);
    if (reception.bodyRead) {
      keepWith(reception.body);
      return false;
    }
    const bytes = mostToCome(request, bodyLimitBytes);
    const { share } = reception;
    if (bytes === 0 || !share) return false;
    const sender = { source, network: networkOf(address), isProven };
    return readLate(request, { sender, bytes, share }, keepWith);
  };

  function readLate(
    request: Request,
    { sender, bytes, share }: AwaitedBody,
    keepWith: (body: Buffer) => void,
  ) {
    const lose = () => store.lose(sender.source, 'late');
    const leave = share.full() === undefined ? lateReads.take({ sender, bytes, giveUp }) : undefined;
    if (!leave) {
      lose();
      return false;
    }
    readBody(request, bytes, share)
      .then(keepWith, (error: unknown) => {
        if (error instanceof Rejection && error.code === 'overloaded') lose();
        // Who sends more than there can be has had its answer.
        request.destroy();
      })
      .finally(() => {
        leave();
        share.release();
      });
    return true;

    function giveUp(): void {
      lose();
      request.destroy();
    }
  }
}

/** The bytes of the body that is still to come, at the most; 0 if none is that could ever be accepted. */
function mostToCome(request: Request, limitBytes: number): number {
  const { headers } = request;
  if (waitsForContinue(request) || isCompressed(headers)) return 0;
  if (headers['transfer-encoding'] !== undefined) return limitBytes;
  const declared = Number(headers['content-length'] ?? 0);
  return declared <= limitBytes ? declared : 0;
}

/** A check of the address that is only observed would have refused it. */
function isOutsider({ proofs }: Reception): boolean {
  return proofs.some(({ scheme, wouldRefuse }) => !isProof(scheme) && wouldRefuse !== undefined);
}

type AwaitedBody = Pick<LateBody, 'sender' | 'bytes'> & { readonly share: Share };

interface KeptParts {
  readonly choice: HeaderChoice;
  readonly enforced: readonly string[];
  readonly refusal: GivenRefusal;
  readonly body: Buffer;
}

function requestOf(
  request: Request,
  { head }: Reception,
  { choice, enforced, refusal, body }: KeptParts,
): RefusedRequest {
  const tokenDigest = digestOfToken(head.query);
  const { rawHeaders, query } = choice.judged(head);
  // The settings may have been read anew since it was refused.
  const failed = refusal.code.slice(0, refusal.code.indexOf('_'));
  return {
    ...refusal,
    receivedAt: head.receivedAt,
    address: head.address ?? '',
    headers: choice.kept(request.headers),
    enforced: [...new Set([...enforced, failed])].join(),
    credentials: JSON.stringify(rawHeaders),
    query,
    body,
    ...(tokenDigest !== undefined && { tokenDigest }),
  };
}
