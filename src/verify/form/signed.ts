/** Signs as a provider would, by its form: for `send` and for tests. */
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { expectedBy, joined } from './algorithms.ts';
import { readFormKeys } from './key.ts';
import { type HeadFacts, type KnownPiece, SignedBody } from './parts.ts';
import { type CompiledForm, compileForm, fillPieces, placeholderNames, placeholdersIn } from './reading.ts';
import { MADE_UP, writeTime } from './value.ts';
import { placeHeaders, type SignatureForm } from './vocabulary.ts';

type SignedAt = Pick<HeadFacts, 'publicUrl' | 'values'> & { readonly nowMs: number };

/**
 * The headers that the provider would send, made-up values where it has its own. `secret` is the provider's private key (PEM)
 * where it signs with one. Throws TypeError if nobody but the provider can make the signature.
 */
export function signForm(form: SignatureForm, secret: string, body: Buffer, { nowMs, ...about }: SignedAt) {
  const compiled = compileForm(form);
  const [header] = placeHeaders(form.in);
  if (header === undefined)
    throw new TypeError('its signature stands inside the body, which is sent as it is');
  const time = form.time ? writeTime(form.time.unit, nowMs) : '';
  const others: Readonly<Record<string, string>> = madeUpHeaders(compiled, time);
  const head = { rawHeaders: Object.entries(others).flat(), query: '' };
  const { pairs } = compiled.layout.read(compiled.layout.write('', time)) ?? {};
  const pieces = fillPieces(compiled.pieces, { ...about, head, pairs, body: new SignedBody(body), time });
  if (typeof pieces === 'string') throw new TypeError(pieces);
  const signature = signatureBy(compiled, secret, pieces).toString(form.encoding ?? 'utf8');
  return { ...others, [header]: compiled.layout.write(signature, time) };
}

function madeUpHeaders({ form, time, keyName }: CompiledForm, timeText: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const place of [...placeholdersIn(form.signed ?? ''), keyName, time])
    if (place?.word === 'header')
      headers[place.name ?? ''] = place === time ? timeText : `made-up-${randomUUID()}`;
  if (placeholderNames(form, 'pairHeaders').length > 0) headers[MADE_UP] = `made-up-${randomUUID()}`;
  for (const name of placeholderNames(form, 'listed'))
    headers[name] = [...Object.keys(headers), name].join(',');
  return headers;
}

function signatureBy(compiled: CompiledForm, secret: string, pieces: readonly KnownPiece[]): Buffer {
  const { form, algorithm, isAsymmetric } = compiled;
  if (form.algorithm === 'equal') return Buffer.from(secret);
  if (isAsymmetric) {
    if (!secret.includes('PRIVATE KEY'))
      throw new TypeError('the provider alone has the key that signs; here is its public half');
    return sign(algorithm.hash, joined(pieces), createPrivateKey(secret));
  }
  const [key] = readFormKeys(form, secret);
  if (!key) throw new TypeError('the secret can be no key of this form');
  return expectedBy(compiled, key, pieces);
}
