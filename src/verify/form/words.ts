/** A form in the words of the README and of docs/providers.md, and what a signature of it proves. */
import { PARTS } from './parts.ts';
import { compileForm, placeholdersIn } from './reading.ts';
import { writeValue } from './value.ts';
import { isSha1, placeHeaders, placeName, type SignatureForm } from './vocabulary.ts';

const TIME_WORDS = { s: '<unix s>', ms: '<unix ms>', date: '<date>' };

/** What a good signature of this form says about a delivery. */
export function provesOf(form: SignatureForm): 'the content' | 'a part of the content' | 'the sender only' {
  const bound = placeholdersIn(form.signed ?? '').map(({ word }) => PARTS[word]);
  const binds = bound.map((row) => (row?.of === 'body' ? row.binds : undefined));
  if (binds.includes('all') || ('bodyDigest' in form && form.bodyDigest)) return 'the content';
  return binds.includes('some') ? 'a part of the content' : 'the sender only';
}

/** `` `X-Signature: sha256=<hex>` ``, as a sender writes it. */
export function sayForm(form: SignatureForm): string {
  const compiled = compileForm(form);
  const names = placeHeaders(form.in);
  const shown = `<${form.algorithm === 'equal' ? 'secret' : form.encoding}>`;
  const value =
    form.layout && 'json64' in form.layout
      ? `base64 of {"${form.layout.json64}":"${shown}"}`
      : writeValue(compiled, shown, form.time ? TIME_WORDS[form.time.unit] : '');
  return `\`${names.length > 0 ? names.join(' or ') : placeName(form.in)}: ${value}\`${isSha1(form) ? ' if allowed' : ''}`;
}
