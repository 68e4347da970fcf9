/**
 * Whether a request bears a signature of a provider's form, as anybody can write one: it says which provider somebody means to be,
 * and proves nothing. For alarms, by serve/http/senders.ts.
 */
import { headerLines } from '../verifier.ts';
import { compileForm } from './reading.ts';
import { readSignatures } from './value.ts';
import type { SignatureForm } from './vocabulary.ts';

/** What signatures look like in headers; those inside a body are not looked for. `value`: the header that has one. */
export interface Bearing {
  /** Lower-case names of the headers. */
  readonly headers: readonly string[];
  valueIn(rawHeaders: readonly string[]): string | undefined;
}

/** Reads the forms once. */
export function bearingOf(forms: readonly SignatureForm[]): Bearing {
  const compiled = forms.map(compileForm);
  return {
    headers: compiled.flatMap(({ headers }) => headers),
    valueIn(rawHeaders) {
      for (const form of compiled) {
        for (const name of form.headers) {
          const [value, ...more] = headerLines(rawHeaders, name);
          if (value !== undefined && more.length === 0 && readSignatures(form, value)) return value;
        }
      }
      return undefined;
    },
  };
}
