/**
 * Judges a stored event anew: whether its bytes are those that came, and whether the signature that was kept with them holds with a
 * secret that is still live. For `consignee events verify`, and for the console.
 */
import { hash } from 'node:crypto';
import type { EventEvidence } from '../inbox/summary.ts';
import { SECRET_ROWS } from '../verify/checks.ts';
import { fingerprintOf } from '../verify/fingerprint.ts';
import type { Config } from './config/config.ts';

/** Tells the fingerprint that a secret has in this installation; undefined before the first start, which makes its key. */
export type Fingerprints = (secret: string) => string | undefined;

export interface Soundness {
  readonly bytes: 'hold' | 'DIFFER';
  readonly signature:
    | 'holds'
    | 'FAILS'
    | 'none kept'
    | 'secret not live'
    | 'its key was fetched'
    | 'a credential was cut out';
}

export function judgeStored(
  evidence: EventEvidence,
  config: Pick<Config, 'sources'>,
  fingerprints: Fingerprints,
): Soundness {
  const { digest, body, proofs, receivedAt } = evidence;
  const bytes = hash('sha256', body, 'buffer').equals(digest) ? 'hold' : 'DIFFER';
  const source = config.sources.find(({ name }) => name === evidence.source);
  const proof = proofs.find(({ signature }) => signature !== undefined);
  const row = SECRET_ROWS.find(({ name }) => name === proof?.scheme);
  if (!proof || !source || !row?.recheck) return { bytes, signature: 'none kept' };
  // Events from before there were keys have the plain one.
  const isIts = (live: string) => [fingerprints(live), fingerprintOf(live)].includes(proof.secret);
  const secret = source.secrets[row.name]?.find(isIts);
  if (secret === undefined) {
    const isFetched = source.secrets[row.name]?.length === 0;
    return { bytes, signature: isFetched ? 'its key was fetched' : 'secret not live' };
  }
  if (row.recheck(proof, secret, body, receivedAt, source)) return { bytes, signature: 'holds' };
  // The signature is over the bytes received, and what is stored lacks that member.
  if (source.preset.cut !== undefined && bytes === 'hold')
    return { bytes, signature: 'a credential was cut out' };
  return { bytes, signature: 'FAILS' };
}
