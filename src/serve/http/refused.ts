/**
 * Keeps what was refused as unproven (401), so that it can be judged again: a secret may have been changed at the provider
 * first. Called by respond.ts just before the answer goes out.
 *
 * A request that failed before its body was read gets its answer at once; the body is read behind the answer, if it is
 * announced, not too large, and few are being read so. Never kept: what an allowlist refused or would have refused, and
 * what waits for `100 Continue`, since that body never comes.
 */
import type { Request, Response } from 'express';
import type { RefusedRequest } from '../../inbox/refused/client.ts';
import { credentialHeadersOf, isProof } from '../../verify/checks.ts';
import { digestOfToken } from '../../verify/query-token.ts';
import { REFUSALS, type RefusalCode } from '../../verify/refusals.ts';
import type { SourceConfig } from '../config/source.ts';
import { readBody } from './body.ts';
import { keptHeaders, type Reception } from './request.ts';

const LATE_BYTES_MAX = 1_048_576;
const LATE_READS_MAX = 32;

type GivenRefusal = Pick<RefusedRequest, 'id' | 'source' | 'reason'> & { readonly code: RefusalCode };

/** Answers whether the rest of the request is being read, so that its connection may stay. */
export type KeepRefusal = (request: Request, response: Response, refusal: GivenRefusal) => boolean;

export function keepRefusals(
  sources: readonly Pick<SourceConfig, 'name' | 'preset'>[],
  keep: (request: RefusedRequest) => void,
): KeepRefusal {
  /** For each source the lower-case names of the headers that carry credentials. */
  const credentialHeaders = new Map(sources.map(({ name, preset }) => [name, credentialHeadersOf(preset)]));
  let lateReads = 0;

  return function keepRefusal(request, response, refusal) {
    const names = credentialHeaders.get(refusal.source);
    const reception: Reception | undefined = response.locals.reception;
    if (!names || !reception || REFUSALS[refusal.code].status !== 401 || isOutsider(reception)) return false;
    const keepWith = (body: Buffer) => keep(requestOf(request, reception, names, refusal, body));
    if (reception.bodyRead) {
      keepWith(reception.body);
      return false;
    }
    const { share } = reception;
    if (!share || share.full() !== undefined || !mayReadLate(request)) return false;
    lateReads++;
    readBody(request, LATE_BYTES_MAX, share)
      .then(keepWith, () => {})
      .finally(() => {
        lateReads--;
        share.release();
      });
    return true;
  };

  function mayReadLate({ headers }: Request): boolean {
    const declared = Number(headers['content-length'] ?? Number.NaN);
    if (headers.expect !== undefined || headers['content-encoding'] !== undefined) return false;
    return declared > 0 && declared <= LATE_BYTES_MAX && lateReads < LATE_READS_MAX;
  }
}

/** A check of the address that is only observed would have refused it. */
function isOutsider({ proofs }: Reception): boolean {
  return proofs.some(({ scheme, wouldRefuse }) => !isProof(scheme) && wouldRefuse !== undefined);
}

function requestOf(
  request: Request,
  { head }: Reception,
  names: readonly string[],
  refusal: GivenRefusal,
  body: Buffer,
): RefusedRequest {
  const tokenDigest = digestOfToken(head.query);
  return {
    ...refusal,
    receivedAt: head.receivedAt,
    address: head.address ?? '',
    headers: keptHeaders(request.headers),
    credentials: JSON.stringify(linesNamed(head.rawHeaders, names)),
    body,
    ...(tokenDigest !== undefined && { tokenDigest }),
  };
}

function linesNamed(raw: readonly string[], names: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (names.includes((raw[at] as string).toLowerCase()))
      lines.push(raw[at] as string, raw[at + 1] as string);
  }
  return lines;
}
