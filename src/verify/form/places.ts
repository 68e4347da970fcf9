/**
 * The forms of a preset as a verifier asks them: by the place in which each looks, with the key that every secret is in it, and
 * the signatures found there against those keys.
 */
import { hash, timingSafeEqual, verify } from 'node:crypto';
import { type FormKey, readFormKeys } from './key.ts';
import type { KnownPiece, SignedBody } from './parts.ts';
import { type CompiledForm, compileForm } from './reading.ts';
import { expectedBy, joined } from './signed.ts';
import { placeName, type SignatureForm } from './vocabulary.ts';

export interface KeyedForm extends CompiledForm {
  /** Those of the secrets that can be keys of this form. */
  readonly keys: readonly FormKey[];
}

/** The forms that look in one place. */
export interface PlaceForms {
  readonly name: string;
  readonly headers: readonly string[];
  /** Each header may be there several times, as while a provider signs with two secrets. */
  readonly mayRepeat: boolean;
  readonly forms: readonly [KeyedForm, ...KeyedForm[]];
}

export function placesOf(forms: readonly SignatureForm[], secrets: readonly string[]): PlaceForms[] {
  const keyed = forms.map((form): KeyedForm => {
    return { ...compileForm(form), keys: secrets.flatMap((secret) => readFormKeys(form, secret)) };
  });
  const byPlace = Map.groupBy(keyed, ({ form, headers }) => headers[0] ?? placeName(form.in));
  return [...byPlace].map(([name, its]) => {
    const [first, ...more] = its as [KeyedForm, ...KeyedForm[]];
    return { name, headers: first.headers, mayRepeat: 'headers' in first.form.in, forms: [first, ...more] };
  });
}

/** The text in a place inside the body. */
export function valueInside({ in: place }: SignatureForm, body: SignedBody): string | undefined {
  if ('member' in place) return body.member(place.member);
  return 'field' in place ? body.field(place.field) : undefined;
}

/** The key that makes one of the signatures. Every key is tried on each of them, also after a match. */
export function matching(
  form: CompiledForm,
  keys: readonly FormKey[],
  signatures: readonly Buffer[],
  pieces: readonly KnownPiece[],
): FormKey | undefined {
  const data = form.isAsymmetric ? joined(pieces) : undefined;
  let found: FormKey | undefined;
  for (const key of keys) {
    const isMade = data ? isSigned(form, key, signatures, data) : isMac(form, key, signatures, pieces);
    if (isMade) found = key;
  }
  // Whoever asks for the handshake gets such a signature.
  if (found && form.unlike?.test(joined(pieces).toString('latin1'))) return undefined;
  return found;
}

function isMac(
  compiled: CompiledForm,
  key: FormKey,
  signatures: readonly Buffer[],
  pieces: readonly KnownPiece[],
) {
  const expected = expectedBy(compiled, key, pieces);
  const isSecret = compiled.form.algorithm === 'equal';
  let isFound = false;
  for (const signature of signatures) {
    // Of secrets of any length: hashed, so that the time taken tells neither a length nor where they differ.
    const given = isSecret ? hash('sha256', signature, 'buffer') : signature;
    if (timingSafeEqual(expected, given)) isFound = true;
  }
  return isFound;
}

function isSigned(
  { form, hash: name }: CompiledForm,
  { object }: FormKey,
  signatures: readonly Buffer[],
  data: Buffer,
) {
  const digest = form.algorithm === 'ed25519' ? null : name;
  return signatures.some((signature) => object !== undefined && verify(digest, data, object, signature));
}
