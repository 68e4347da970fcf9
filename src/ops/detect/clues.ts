/**
 * What may be wrong if no form fits a captured request: the usual mistakes, each tried in turn, and how far the likely forms are off.
 * It never says a secret, nor a digest that was computed: that would be a signature of whatever was captured. Used by detect.ts.
 */
import { placeName, type SignatureForm } from '../../verify/form/vocabulary.ts';
import { presets } from '../../verify/presets-by-name.ts';
import { type Guess, guessOf } from './guess.ts';
import { presetText } from './paste.ts';
import { FormSearch } from './search.ts';

const MISTAKE_BYTES_MOST = 6_000_000;
const LIKELY_MOST = 6;
const JWT = /^(\w+ )?eyJ[\w-]+\.[\w-]+\.[\w-]+$/;

type TextChange = (text: string) => string | undefined;
const json =
  (write: (value: unknown) => string): TextChange =>
  (text) => {
    try {
      return write(JSON.parse(text));
    } catch {
      return undefined;
    }
  };
const compact = (value: unknown) => JSON.stringify(value);
const slashed = (value: unknown) => compact(value).replaceAll('/', '\\/');
const spaced = (value: unknown) =>
  compact(value).replace(/("(?:[^"\\]|\\.)*")|([,:])/g, (_all, whole, mark) => whole ?? `${mark} `);
const escaped = (text: string) =>
  text.replace(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The body that was signed, if the captured one is what a parser, an editor or a proxy has made of it. Undefined: it cannot be. */
const BODIES: Readonly<Record<string, TextChange>> = {
  'without the line break at its end': (body) => body.replace(/\r?\n$/, ''),
  'with a line break at its end': (body) => `${body}\n`,
  'with CR LF at its end': (body) => `${body}\r\n`,
  'with line breaks of LF alone': (body) => body.replaceAll('\r', ''),
  'with line breaks of CR LF': (body) => body.replace(/\r?\n/g, '\r\n'),
  'written anew as JSON without blanks': json(compact),
  'written anew as JSON without blanks, letters as \\uXXXX': json((value) => escaped(compact(value))),
  'written anew as JSON with / as \\/': json(slashed),
  'written anew as JSON with / as \\/, letters as \\uXXXX': json((value) => escaped(slashed(value))),
  'written anew as JSON with a blank behind commas and colons': json(spaced),
  'written anew as JSON with a blank behind commas and colons, letters as \\uXXXX': json((value) =>
    escaped(spaced(value)),
  ),
  'written anew as JSON, indented by two': json((value) => JSON.stringify(value, null, 2)),
  'as it would be empty': () => '',
};

const SECRETS: Readonly<Record<string, (secret: string) => string>> = {
  'with a line break at its end': (secret) => `${secret}\n`,
  'without blanks around it': (secret) => secret.trim(),
  'without the quotes around it': (secret) => secret.replace(/^(['"])(.*)\1$/, '$2'),
  'without the name and = before it': (secret) => secret.replace(/^\w+=['"]?|['"]$/g, ''),
  'without the word before its first _': (secret) => secret.replace(/^[^_]*_/, ''),
  'encoded in base64: it was decoded before': (secret) => Buffer.from(secret).toString('base64'),
  'encoded in hexadecimal: it was decoded before': (secret) => Buffer.from(secret).toString('hex'),
  'in small letters': (secret) => secret.toLowerCase(),
  'in capital letters': (secret) => secret.toUpperCase(),
};

/** In words the first mistake that explains it, and what fits without it. */
export function findMistake(guess: Guess): { words: string; fits: string } | undefined {
  const { captured, secret, publicUrl } = guess;
  const text = captured.body.toString();
  const bodies = Object.entries(BODIES).map(([words, change]) => {
    return { words: `the body ${words}`, secret, body: Buffer.from(change(text) ?? text) };
  });
  const secrets = Object.entries(SECRETS).map(([words, change]) => {
    return { words: `the secret ${words}`, secret: change(secret), body: captured.body };
  });
  for (const one of [...secrets, ...bodies]) {
    if (one.secret === secret && one.body.equals(captured.body)) continue;
    const changed = guessOf({ ...captured, body: one.body }, one.secret, publicUrl);
    const found = new FormSearch(changed, MISTAKE_BYTES_MOST).find();
    if (found) return { words: one.words, fits: found.presets[0]?.name ?? presetText(found.forms[0]) };
  }
  return undefined;
}

/** What proves the sender here in another way than by a form. */
export function otherSchemes({ captured, head, secret }: Guess): string[] {
  const isToken = [...new URLSearchParams(head.query).values()].includes(secret);
  const at = captured.rawHeaders.findIndex((text) => JWT.test(text));
  return [
    ...(isToken ? ['The secret stands in the URL: that is the scheme token, …_WEBHOOK_TOKEN.'] : []),
    ...(at > 0 ? [`${captured.rawHeaders[at - 1]} has a JWT: that is the scheme jwt, and no form.`] : []),
  ];
}

/** One line for each likely form: what it is over, and where what it makes differs from what came. The nearest come first. */
export function likelyForms(search: FormSearch): string[] {
  const all = search.sightings.flatMap(({ in: place, text }) => {
    const name = placeName(place);
    const isHere = (form: SignatureForm) => placeName(form.in).toLowerCase() === name.toLowerCase();
    const known = Object.values(presets).flatMap(({ forms }) => forms.filter(isHere));
    const templates = new Set([...known.flatMap(({ signed = [] }) => signed), '{body}', '{time}.{body}']);
    return [...templates].flatMap((signed) =>
      search.computed(signed, text.length).map(({ how, made }) => {
        const { at, words } = difference(made, text);
        return { at, line: `${name}: ${how} ${words}` };
      }),
    );
  });
  const nearest = all.sort((one, other) => other.at - one.at).map(({ line }) => line);
  return [...new Set(nearest)].slice(0, LIKELY_MOST);
}

function difference(made: string, text: string) {
  const bare = (one: string) =>
    one.toLowerCase().replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const at = [...made].findIndex((letter, index) => letter !== text[index]);
  if (at < 0) return { at: made.length, words: 'is right, but no form has such a layout' };
  if (bare(made) === bare(text))
    return { at: made.length, words: 'is right, in another letter case or alphabet' };
  return { at, words: `differs from character ${at + 1} on` };
}
