/**
 * What a form looks like: in the words of the README and of docs/providers.md, and in a request that anybody can have written. What a
 * signature of it proves stands here too.
 */
import { headerLines } from '../verifier.ts';
import { compileForm, placeholdersIn } from './reading.ts';
import { readSignatures, TIMES } from './value.ts';
import { isSha1, placeHeaders, placeName, type SignatureForm } from './vocabulary.ts';

/** What a good signature of this form says about a delivery. */
export function provesOf(form: SignatureForm): 'the content' | 'a part of the content' | 'the sender only' {
  const binds = placeholdersIn(form.signed ?? '').map(({ row }) => row?.binds);
  if (binds.includes('all') || form.bodyDigest) return 'the content';
  return binds.includes('some') ? 'a part of the content' : 'the sender only';
}

/** `` `X-Signature: sha256=<hex>` ``, as a sender writes it. */
export function sayForm(form: SignatureForm): string {
  const { in: place, layout, time } = form;
  const shown = `<${form.algorithm === 'equal' ? 'secret' : form.encoding}>`;
  const value =
    layout && 'json64' in layout
      ? `base64 of {"${layout.json64}":"${shown}"}`
      : compileForm(form).layout.write(shown, time ? TIMES[time.unit].shown : '');
  const names = 'headerSeries' in place ? [`${placeName(place)} to -${place.upTo}`] : placeHeaders(place);
  return `\`${names.join(' or ') || placeName(place)}: ${value}\`${isSha1(form) ? ' if allowed' : ''}`;
}

/** What signatures look like in headers; those inside a body are not looked for. */
export type Bearing = ReturnType<typeof bearingOf>;

/** Says which provider somebody means to be, and proves nothing: for alarms, by serve/http/senders.ts. */
export function bearingOf(forms: readonly SignatureForm[]) {
  const places = forms.map(compileForm).flatMap((form) => form.headers.map((name) => ({ form, name })));
  return {
    /** In lower case. */
    headers: places.map(({ name }) => name),
    /** Of the header that has one; undefined if none has. */
    valueIn(rawHeaders: readonly string[]): string | undefined {
      for (const { form, name } of places) {
        const [value, ...more] = headerLines(rawHeaders, name);
        if (value !== undefined && more.length === 0 && readSignatures(form, [name, value])) return value;
      }
      return undefined;
    },
  };
}
