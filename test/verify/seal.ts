/** A scheme that nobody has: the header X-Seal carries the secret itself. What it takes to add one is this file and a row. */
import { digestOf, fingerprintOf, indexOfDigest } from '../../src/verify/fingerprint.ts';
import type { RefusalCode } from '../../src/verify/refusals.ts';
import type { Scheme, SecretRow } from '../../src/verify/schemes.ts';
import { headerLines, Rejection, type Verifier } from '../../src/verify/verifier.ts';

export const SEAL: SecretRow = {
  name: 'seal',
  setting: 'SEAL_SECRET',
  holds: 'secrets',
  headersOf: () => ['x-seal'],
  build({ secrets }): Verifier {
    const digests = secrets.map(digestOf);
    return function verifySeal(head) {
      const [value] = headerLines(head.rawHeaders, 'x-seal');
      // The row is not in the table of the real house, so its names are not in the types either.
      if (value === undefined) throw new Rejection('seal_missing' as RefusalCode);
      const secret = secrets[indexOfDigest(digestOf(value), digests)];
      if (secret === undefined) throw new Rejection('seal_mismatch' as RefusalCode);
      return { scheme: 'seal' as Scheme, secret: fingerprintOf(secret) };
    };
  },
  sign: (secret) => ({ headers: { 'X-Seal': secret } }),
  rotation: { after: ['Tell the sender.'], old: 'The old seal holds as long as it is here.' },
  refusals: {
    seal_missing: { status: 401, says: 'the seal is missing', asks: 'is it sealed?', fix: 'Seal it.' },
    seal_mismatch: {
      status: 401,
      says: 'the seal is another one',
      asks: 'was the seal changed?',
      fix: 'Put the seal of <source> into `…_SEAL_SECRET`.',
    },
  },
};
