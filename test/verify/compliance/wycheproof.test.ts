/**
 * Signatures of Project Wycheproof (C2SP/wycheproof, Apache-2.0), which are made to be taken wrongly: of each class and comment the
 * first, by the verifier of forms. Of its JSON web signatures the classes of HS256 are here under their names, with tokens of ours,
 * whose claims are a body; what else can be wrong with a token stands in jwt.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyForms } from '../../../src/verify/form/verifier.ts';
import { isAsymmetric, type SignatureForm } from '../../../src/verify/form/vocabulary.ts';
import { jwt } from '../../../src/verify/jwt.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import { token } from '../../harness/signing.ts';
import { NOW_SECONDS, verdict } from '../verdict.ts';

interface Group {
  readonly algorithm: string;
  /** In base64: the key itself, or the public one as SPKI. */
  readonly key: string;
  /** Number, class, comment, message and signature in base64, result: with bars between. */
  readonly tests: readonly string[];
}
const FILE = join(ROOT, 'test/fixtures/signatures/wycheproof.json');
const { groups }: { groups: readonly Group[] } = JSON.parse(readFileSync(FILE, 'utf8'));
const byAlgorithm = Object.entries(Object.groupBy(groups, ({ algorithm }) => algorithm));

type Row = [
  id: string,
  kind: string,
  comment: string,
  message: string,
  signature: string,
  result: string,
  key: string,
];

describe.each(byAlgorithm)('%s', (algorithm, its = []) => {
  const rows = its.flatMap(({ key, tests }) => tests.map((one) => [...one.split('|'), key] as Row));

  test.each(rows)('%s %s: %s', async (_id, _class, _comment, message, signature, result, key) => {
    const keying = algorithm.startsWith('hmac-') ? { key: 'base64' } : {};
    const form = {
      in: { header: 'X-Signature' },
      encoding: 'base64',
      algorithm,
      signed: '{body}',
      ...keying,
    } as SignatureForm;
    const settings = { secrets: [key], allowSha1: true, toleranceSeconds: 300 };
    const verify = verifyForms(isAsymmetric(form) ? 'signature' : 'hmac', [form], settings);
    const rawHeaders = ['X-Signature', signature];
    const found = await verdict(verify, { rawHeaders }, Buffer.from(message, 'base64'));
    if (result === 'valid') expect(found).toBe('passes');
    else expect(found).toMatch(/^(hmac|signature)_(mismatch|malformed)$/);
  });
});

const CLAIMS = `{"job":"done","iat":${NOW_SECONDS}}`;
const GOOD = token(SECRET, CLAIMS);
const [HEADER = '', PAYLOAD = '', SIGNATURE = ''] = GOOD.split('.');
const other = (segment: string) => (segment.startsWith('A') ? 'B' : 'A') + segment.slice(1);

test.each([
  ['acceptsValid', GOOD, 'passes'],
  ['rejectsModifiedSignature', `${HEADER}.${PAYLOAD}.${other(SIGNATURE)}`, 'jwt_mismatch'],
  ['rejectsMissingSignature', `${HEADER}.${PAYLOAD}.`, 'jwt_malformed'],
  ['rejectsMissingSignatureAndSeparator', `${HEADER}.${PAYLOAD}`, 'jwt_malformed'],
  [
    'rejectsModifiedPayload',
    `${HEADER}.${token('x', '{"job":"done"}').split('.')[1]}.${SIGNATURE}`,
    'jwt_mismatch',
  ],
  ['rejectsMissingPayload', `${HEADER}..${SIGNATURE}`, 'jwt_malformed'],
  ['rejectsMissingPayloadAndSeparator', `${HEADER}.${SIGNATURE}`, 'jwt_malformed'],
  [
    'rejectsModifiedHeader',
    `${token('x', '{}', '{"alg":"HS256"}').split('.')[0]}.${PAYLOAD}.${SIGNATURE}`,
    'jwt_mismatch',
  ],
  ['rejectsMissingHeader', `.${PAYLOAD}.${SIGNATURE}`, 'jwt_malformed'],
  ['rejectsMissingHeaderAndSeparator', `${PAYLOAD}.${SIGNATURE}`, 'jwt_malformed'],
  ['rejectsMissingHeaderAndSignature', `.${PAYLOAD}.`, 'jwt_malformed'],
  ['rejectsMissingHeaderSignatureAndSeparators', PAYLOAD, 'jwt_malformed'],
  ['rejectsEmptyString', '', 'jwt_malformed'],
  ['rejectsExtraEmptyComponent', `${GOOD}.`, 'jwt_malformed'],
  ['rejectsExtraComponent', `${GOOD}.${SIGNATURE}`, 'jwt_malformed'],
  [
    'rejectsNoneAlgorithmAndMissingSignature',
    `${token('x', CLAIMS, '{"alg":"none"}').split('.').slice(0, 2).join('.')}.`,
    'jwt_malformed',
  ],
  [
    'rejectsValidJsonSerialization',
    JSON.stringify({ protected: HEADER, payload: PAYLOAD, signature: SIGNATURE }),
    'jwt_malformed',
  ],
])('JSON web signatures: %s', async (_class, jws, code) => {
  const verify = jwt({ secrets: [SECRET], toleranceSeconds: 300 });
  expect(await verdict(verify, { rawHeaders: ['Authorization', `Bearer ${jws}`] }, '{"job":"done"}')).toBe(
    code,
  );
});
