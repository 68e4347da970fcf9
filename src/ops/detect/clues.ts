/**
 * What may be wrong if no form fits a captured request: the usual mistakes, each tried in turn, and how far the likely forms are off.
 * It never says a secret, nor a digest that was computed: that would be a signature of whatever was captured. Used by detect.ts.
 */
import { inspect } from 'node:util';
import { exactObject, exactValue } from '../../base/json-text.ts';
import { placeName } from '../../verify/form/vocabulary.ts';
import { presets } from '../../verify/presets-by-name.ts';
import { ENCODINGS, type Guess, guessOf, LONG, makingOf, templatesOf } from './guess.ts';
import { FormSearch } from './search.ts';

const ADVICE = `
- Is it the secret of this endpoint? Most providers have one for each, and others for test and live.
- Is the body what came, byte for byte? A parser, a proxy or an editor changes it: capture it before them.
- Is the URL signed? Then --public-url must be what is registered at the provider.`;
const MISTAKE_BYTES_MOST = 6_000_000;
const LIKELY_MOST = 6;
/** Of what may be a signature, the headers' first. */
const SEEN_MOST = 500;
const JWT = /^(?:(\w+) )?(eyJ[\w-]+)\.[\w-]+\.[\w-]+$/;

const JWT_ALGORITHMS_SAID = /^[A-Z]{2}\d{3}$/;

type Mends = Readonly<Record<string, (text: string) => string>>;
/** What people make of a secret, and what it was before. */
const SECRETS: Mends = {
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
/** What parsers, editors and proxies make of a body, and what may have been signed. What is no JSON stays as it is. */
const BODIES: Mends = {
  'without the line break at its end': (body) => body.replace(/\r?\n$/, ''),
  'with a line break at its end': (body) => `${body}\n`,
  'with CR LF at its end': (body) => `${body}\r\n`,
  'with line breaks of LF alone': (body) => body.replaceAll('\r', ''),
  'with line breaks of CR LF': (body) => body.replace(/\r?\n/g, '\r\n'),
  'written anew as JSON without blanks': (body) => writeJson(body),
  'written anew as JSON without blanks, letters as \\uXXXX': (body) => escaped(writeJson(body)),
  'written anew as JSON with / as \\/': (body) => writeJson(body).replaceAll('/', '\\/'),
  'written anew as JSON with / as \\/, letters as \\uXXXX': (body) =>
    escaped(writeJson(body).replaceAll('/', '\\/')),
  'written anew as JSON with a blank behind commas and colons': spaced,
  'written anew as JSON with a blank behind commas and colons, letters as \\uXXXX': (body) =>
    escaped(spaced(body)),
  'written anew as JSON, indented by two': (body) => writeJson(body, 2),
  'as it would be empty': () => '',
};

function writeJson(text: string, indent?: number): string {
  return exactValue(text) === undefined ? text : JSON.stringify(JSON.parse(text), null, indent);
}

function spaced(text: string): string {
  return writeJson(text).replace(/("(?:[^"\\]|\\.)*")|([,:])/g, (_all, whole, mark) => whole ?? `${mark} `);
}

function escaped(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The first mistake that explains it; or else what the request may be instead, and how far it is off. */
export function cluesIn(guesses: readonly Guess[]): string[] {
  const mistake = guesses
    .values()
    .map(mistakeIn)
    .find((words) => words !== undefined);
  if (mistake) return [mistake];
  const others = new Set(guesses.flatMap(otherSchemes));
  const likely = new Set(guesses.flatMap(likelyForms));
  return [...others, ...likely, ...(others.size > 0 ? [] : [ADVICE])];
}

function mistakeIn({ captured, secret, ...rest }: Guess): string | undefined {
  const text = captured.body.toString();
  const mended = [
    ...Object.entries(SECRETS).map(([words, mend]) => [`the secret ${words}`, mend(secret), text] as const),
    ...Object.entries(BODIES).map(([words, mend]) => [`the body ${words}`, secret, mend(text)] as const),
  ];
  for (const [words, key, body] of mended) {
    if (key === secret && body === text) continue;
    const its = body === text ? captured : { ...captured, body: Buffer.from(body) };
    const found = new FormSearch(guessOf({ ...rest, captured: its }, key), MISTAKE_BYTES_MOST).find();
    const fits = found?.presets[0]?.name ?? presetText(found?.forms[0]);
    if (found) return `It would be right for ${words}. Then it is ${fits}.`;
  }
  return undefined;
}

/** As one writes it in TypeScript, on one line. */
export function presetText(value: unknown): string {
  return inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY, compact: true });
}

/** What proves the sender here in another way than by a form. */
function otherSchemes({ captured, head, secret }: Guess): string[] {
  const clues: string[] = [];
  if ([...new URLSearchParams(head.query).values()].includes(secret))
    clues.push('The secret stands in the URL: that is the scheme token, …_WEBHOOK_TOKEN.');
  const at = captured.rawHeaders.findIndex((text) => JWT.test(text));
  if (at > 0) {
    const [, word, head64 = ''] = JWT.exec(captured.rawHeaders[at] as string) ?? [];
    const said = exactObject(Buffer.from(head64, 'base64url').toString())?.get('alg');
    const algorithm = JWT_ALGORITHMS_SAID.exec(String(said))?.[0] ?? 'HS256';
    const jwt = { header: captured.rawHeaders[at - 1], ...(word && { word }), algorithm };
    clues.push(`${jwt.header} has a JWT, which no form is. With custom it is jwt: ${presetText(jwt)}.`);
    clues.push('See docs/providers.md on what may bind it to the body.');
  }
  return clues;
}

/** One line for each likely form: what it is over, and where what it makes differs from what came. The nearest come first. */
function likelyForms(guess: Guess): string[] {
  const places = new Set(guess.texts.map((text) => placeName(text.in).toLowerCase()));
  const forms = Object.values(presets).flatMap((preset) => preset.forms);
  const known = forms.filter((form) => places.has(placeName(form.in).toLowerCase()));
  const likely = new Set(['{body}', '{time}.{body}', ...known.flatMap(({ signed = [] }) => signed)]);
  const seen = guess.texts.flatMap(({ in: place, text }) =>
    Array.from(text.matchAll(LONG), ([there]) => ({ place, there })),
  );
  const lines = new Map<string, number>();
  for (const { template, timeText } of [...likely].flatMap((signed) => templatesOf(signed, guess)))
    for (const { way, bytes, make } of makingOf(template.signed, timeText, guess)) {
      // Few providers do that, and it would say each line twice.
      if (way.key === 'sha1') continue;
      const made = Buffer.from(make(), 'latin1');
      const how = `key as ${JSON.stringify(way.key ?? 'text')}, over ${template.signed} (${bytes} bytes)`;
      for (const { place, there } of seen.slice(0, SEEN_MOST))
        for (const encoding of ENCODINGS) {
          const { at, words } = difference(made.toString(encoding), there);
          if (at >= 0) lines.set(`${placeName(place)}: ${way.algorithm} in ${encoding}, ${how} ${words}`, at);
        }
    }
  const nearest = [...lines].sort(([, one], [, other]) => other - one);
  return nearest.slice(0, LIKELY_MOST).map(([line]) => line);
}

/** Before which character they differ; -1: they have not one length. */
function difference(made: string, there: string): { at: number; words: string } {
  if (made.length !== there.length) return { at: -1, words: '' };
  const bare = (text: string) => text.toLowerCase().replaceAll('-', '+').replaceAll('_', '/');
  const at = [...made].findIndex((letter, index) => letter !== there[index]);
  if (at >= 0 && bare(made) !== bare(there)) return { at, words: `differs from character ${at + 1} on` };
  const why = at < 0 ? ', but no form has such a layout' : ', in another letter case or alphabet';
  return { at: made.length, words: `is right${why}` };
}
