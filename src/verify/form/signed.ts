/**
 * What is signed, put together: the parts of a template become pieces when the head is known, and bytes when the body is. From
 * it come the signature that is expected and, for `send` and tests, the one that a provider would send.
 */
import { createHash, createHmac, createPrivateKey, hash, randomUUID, sign } from 'node:crypto';
import { type FormKey, readFormKeys } from './key.ts';
import { type HeadFacts, KEY, type KnownPiece, type Piece, SignedBody, TIME } from './parts.ts';
import { type CompiledForm, compileForm, placeholderNames } from './reading.ts';
import { writeTime, writeValue } from './value.ts';
import { isAsymmetric, placeHeaders, type SignatureForm } from './vocabulary.ts';

/** The pieces, or in words what is missing of them. */
export function piecesOf({ pieces, heads }: CompiledForm, facts: HeadFacts): readonly Piece[] | string {
  if (heads.length === 0) return pieces;
  const all = [...pieces];
  for (const { at, row, name, all: placeholder } of heads) {
    const value = row.read(facts, name);
    if (value === undefined) return `${placeholder} is not known, or there more than once`;
    all[at] = value;
  }
  return all;
}

/** The bytes, read once for all keys: texts in a row as one, the body not copied. Undefined: the body has something else there. */
export function knownPieces(
  pieces: readonly Piece[],
  body: SignedBody,
  time: string,
): KnownPiece[] | undefined {
  const known: KnownPiece[] = [];
  for (const piece of pieces) {
    const value = piece === TIME ? time : typeof piece === 'function' ? piece(body) : piece;
    if (value === undefined) return undefined;
    const last = known.at(-1);
    if (typeof value === 'string' && typeof last === 'string') known[known.length - 1] = last + value;
    else known.push(value);
  }
  return known;
}

/** Of what a body says to those pieces that read it, however it is written. */
export function digestOfTexts(pieces: readonly Piece[], body: SignedBody): string {
  const texts = pieces.flatMap((piece) => (typeof piece === 'function' ? String(piece(body)) : []));
  return hash('sha256', JSON.stringify(texts), 'hex');
}

/** What the signature must be, by an algorithm that makes the same one each time. */
export function expectedBy(
  { form, hash }: CompiledForm,
  key: FormKey,
  pieces: readonly KnownPiece[],
): Buffer {
  if (form.algorithm === 'equal') return key.digest;
  const made = key.object ? createHmac(hash, key.object) : createHash(hash);
  for (const piece of pieces) made.update(piece === KEY ? key.text : piece);
  return made.digest();
}

/** For algorithms that want all the bytes at once. */
export function joined(pieces: readonly KnownPiece[]): Buffer {
  const [only, ...more] = pieces;
  if (more.length === 0 && Buffer.isBuffer(only)) return only;
  return Buffer.concat(
    pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : Buffer.from(piece as string))),
  );
}

/**
 * The headers that the provider would send, made-up values where it has its own. `secret` is the provider's private key (PEM)
 * where it signs with one. Throws TypeError if nobody but the provider can make the signature.
 */
export function signForm(
  form: SignatureForm,
  secret: string,
  body: Buffer,
  { nowMs, ...facts }: { readonly nowMs: number } & Pick<HeadFacts, 'publicUrl' | 'values'>,
): Readonly<Record<string, string>> {
  const compiled = compileForm(form);
  const [header] = placeHeaders(form.in);
  if (header === undefined)
    throw new TypeError('its signature stands inside the body, which is sent as it is');
  const time = form.time ? writeTime(form.time.unit, nowMs) : '';
  const others = madeUpHeaders(compiled, time);
  const head = { rawHeaders: Object.entries(others).flat(), query: '' };
  const pieces = piecesOf(compiled, { ...facts, head });
  if (typeof pieces === 'string') throw new TypeError(pieces);
  const known = knownPieces(pieces, new SignedBody(body), time);
  if (known === undefined) throw new TypeError('the body has something else where its signed parts are');
  const signature = signatureBy(compiled, secret, known);
  return { ...others, [header]: writeValue(compiled, signature.toString(form.encoding ?? 'utf8'), time) };
}

function madeUpHeaders({ form, time, keyName }: CompiledForm, timeText: string): Record<string, string> {
  const headers: Record<string, string> = {};
  const named = placeholderNames(form, 'header');
  if (keyName?.kind === 'header') named.push(keyName.name);
  for (const name of named) headers[name] = `made-up-${randomUUID()}`;
  if (time?.kind === 'header') headers[time.name] = timeText;
  for (const name of placeholderNames(form, 'listed'))
    headers[name] = [...Object.keys(headers), name].join(',');
  return headers;
}

function signatureBy(compiled: CompiledForm, secret: string, pieces: readonly KnownPiece[]): Buffer {
  const { form, hash } = compiled;
  if (form.algorithm === 'equal') return Buffer.from(secret);
  if (isAsymmetric(form)) {
    if (!secret.includes('PRIVATE KEY'))
      throw new TypeError('the provider alone has the key that signs; here is its public half');
    return sign(form.algorithm === 'ed25519' ? null : hash, joined(pieces), createPrivateKey(secret));
  }
  const [key] = readFormKeys(form, secret);
  if (!key) throw new TypeError('the secret can be no key of this form');
  return expectedBy(compiled, key, pieces);
}
