/**
 * A captured request with one secret that may have signed it: what a template signs of it, the keys that the secret can be, and
 * whether the service would take it under some forms. For search.ts.
 */
import { isForForms, SECRET_ROWS } from '../../verify/checks.ts';
import { custom } from '../../verify/custom.ts';
import { type FormKey, readFormKeys } from '../../verify/form/key.ts';
import { SignedBody } from '../../verify/form/parts.ts';
import { type CompiledForm, compileForm, fillPieces } from '../../verify/form/reading.ts';
import type { SignatureForm } from '../../verify/form/vocabulary.ts';
import type { Head } from '../../verify/verifier.ts';
import type { Captured } from './captured.ts';

const MACS = ['hmac-sha256', 'hmac-sha1', 'hmac-sha512'];
const OTHERS = ['digest-sha256', 'ed25519', 'ecdsa-sha256', 'rsa-sha256'];
const KEYINGS = ['hex', 'base64', 'sha1', 'nfkd'];
const BASE = { in: { header: 'X' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' } as const;
/** As the service has it if its knobs say nothing. */
const TOLERANCE_SECONDS = 300;

export interface Guess {
  readonly captured: Captured;
  readonly secret: string;
  readonly publicUrl: string | undefined;
  readonly head: Head;
  readonly body: SignedBody;
}

export function guessOf(captured: Captured, secret: string, publicUrl: string | undefined): Guess {
  const { url = '', rawHeaders, body } = captured;
  const query = URL.parse(url, 'https://localhost')?.search.slice(1) ?? '';
  const head = { receivedAt: Date.now(), address: undefined, query, rawHeaders };
  return { captured, secret, publicUrl, head, body: new SignedBody(body) };
}

/** What a signature may be made with. */
export interface Tool {
  readonly compiled: CompiledForm;
  readonly key: FormKey;
}

/** Every algorithm with every key that the secret can be. */
export function toolsOf(secret: string): Tool[] {
  const word = /^[a-z]+_/i.exec(secret)?.map((base64After) => ({ key: { base64After } })) ?? [];
  const keyings = [{}, ...KEYINGS.map((key) => ({ key })), ...word];
  const macs = keyings.flatMap((keying) => MACS.map((algorithm) => ({ algorithm, ...keying })));
  const all = [...macs, ...OTHERS.map((algorithm) => ({ algorithm }))];
  return all.flatMap((more) => {
    const form = { ...BASE, ...more } as SignatureForm;
    const isIdle = form.key === 'nfkd' && secret.normalize('NFKD') === secret;
    const keys = isIdle ? [] : readFormKeys(form, secret);
    return keys.map((key) => ({ compiled: compileForm(form), key }));
  });
}

/** The pieces that a template signs, and their bytes; undefined if something is not there. */
export function signedIn({ head, body, publicUrl }: Guess, signed: string, time = '') {
  const pieces = fillPieces(compileForm({ ...BASE, signed }).pieces, { head, publicUrl, body, time });
  if (typeof pieces === 'string') return undefined;
  const sizes = pieces.map((piece) => (typeof piece === 'symbol' ? 0 : Buffer.byteLength(piece)));
  return { pieces, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Undefined if the service takes the request under these forms; its refusal in words otherwise. */
export function refusedBecause(
  { head, body, secret, publicUrl }: Guess,
  forms: readonly SignatureForm[],
  leewaySeconds = Number.POSITIVE_INFINITY,
): string | undefined {
  const preset = custom({ name: 'captured', forms });
  const row = SECRET_ROWS.find(({ name, isFor }) => isForForms(name) && isFor?.(preset, [secret]));
  const window = { toleranceSeconds: TOLERANCE_SECONDS, leewaySeconds };
  const settings = { preset, secrets: [secret], publicUrl, allowSha1: true, allowFrom: [], ...window };
  try {
    const check = row?.build({ ...settings, names: { follow: () => () => false } })(head);
    if (typeof check !== 'function') return 'it is no signature';
    check(body.bytes);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
