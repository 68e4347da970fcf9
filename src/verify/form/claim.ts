/** What a request says of its signature, and how that is read: nothing of it is proven yet. Part of verifier.ts; refuses nothing itself. */
import type { Head } from '../verifier.ts';
import type { FormKey } from './key.ts';
import type { HeadFacts, Piece, SignedBody } from './parts.ts';
import type { CompiledForm } from './reading.ts';
import { readTime } from './value.ts';
import type { SignatureForm } from './vocabulary.ts';

/** By one form. */
export interface Claim {
  readonly form: CompiledForm;
  readonly keys: readonly FormKey[];
  readonly signatures: readonly Buffer[];
  readonly pieces: readonly Piece[];
  /** The text of the time; undefined if there is none, or the body tells. */
  readonly time: string | undefined;
  /** The signature's header, and names and values of the others that one needs to check it again. */
  readonly value: string;
  readonly lines: readonly string[];
}

/** Whether a body says what the form wants it to say. */
export function isMeant(
  { when = [] }: SignatureForm,
  body: SignedBody,
  values: HeadFacts['values'],
): boolean {
  return when.every(({ member, is }) => {
    const wanted = typeof is === 'string' ? is : values?.[is.setting];
    return wanted !== undefined && body.member(member) === wanted;
  });
}

/** `lines`: names and values by turns. */
export function hasPrefix(lines: readonly string[], prefix: string): boolean {
  return prefix === '' || lines.some((value, at) => at % 2 === 1 && value.startsWith(prefix));
}

/** In milliseconds since 1970; undefined if the form has no time, or the text is none. */
export function signedTimeOf({ form }: CompiledForm, text: string | undefined): number | undefined {
  return form.time && text !== undefined ? readTime(form.time.unit, text) : undefined;
}

/** The digest of the body that a signed URL names: empty if there is none, undefined if the form wants none. */
export function digestNamed({ form }: CompiledForm, { query }: Head): string | undefined {
  const parameter = 'bodyDigest' in form ? form.bodyDigest?.query : undefined;
  return parameter === undefined ? undefined : (new URLSearchParams(query).get(parameter) ?? '');
}

/** `lines`: names in lower case and values by turns. */
export function valueNamed(lines: readonly string[], name: string): string | undefined {
  const at = lines.indexOf(name.toLowerCase());
  return at < 0 ? undefined : lines[at + 1];
}
