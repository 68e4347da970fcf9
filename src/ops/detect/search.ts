/**
 * Tries forms of the vocabulary on a captured request until some fit: those of the presets first, then what templates, algorithms
 * and keyings make together, the shortest templates first. What is computed is looked up among the signatures that may be there; a form
 * that is found so is checked as the service would. The work is bounded by bytes hashed, not by a clock. Used by detect.ts, clues.ts.
 */
import { headersIn } from '../../inbox/shape.ts';
import { digestOf } from '../../verify/fingerprint.ts';
import { formFlaws } from '../../verify/form/flaws.ts';
import { isAsymmetric, placeHeaders, type SignatureForm } from '../../verify/form/vocabulary.ts';
import type { Preset } from '../../verify/preset.ts';
import { presets } from '../../verify/presets-by-name.ts';
import { bearingIn, ENCODINGS, type Guess, makingOf, partsIn, refusedBecause, templatesOf } from './guess.ts';

const SEPARATORS = ['.', '', ':', '|', '\n', '-', '_', ',', ' ', ';', '+', '&', '/'];
const PARTS_MOST = 4;
/** Of a secret so many characters stand in nothing that is shown. */
const TOLD_LEAST = 8;
/** What a trial costs beside the bytes that it hashes, in bytes. */
const MAC_COST = 1_000;
const SIGNATURE_COST = 100_000;

/** What fits, the likeliest first: presets, and the forms of the first one; or forms of none. */
export type Found = NonNullable<ReturnType<FormSearch['find']>>;

export class FormSearch {
  readonly #guess: Guess;
  #bytesLeft: number;
  trials = 0;

  constructor(guess: Guess, bytesMost: number) {
    this.#guess = guess;
    this.#bytesLeft = bytesMost;
  }

  find() {
    const its = Object.values(presets).filter(({ forms }) => this.#fits(forms));
    const ranked = its.map((preset) => ({ preset, rank: likenessOf(preset, this.#guess) }));
    const sorted = ranked.filter(({ rank }) => rank > 0).sort((one, other) => other.rank - one.rank);
    const forms = sorted[0]?.preset.forms ?? this.#combine();
    return forms.length === 0 ? undefined : { presets: sorted.map(({ preset }) => preset), forms };
  }

  #fits(forms: readonly SignatureForm[]): boolean {
    this.trials += forms.length;
    this.#bytesLeft -= forms.some(isAsymmetric) ? SIGNATURE_COST : 0;
    return refusedBecause(this.#guess, forms) === undefined;
  }

  /** Forms of no preset, the simplest first. A secret that stands in the body may stand there beside a signature. */
  #combine(): readonly SignatureForm[] {
    const guess = this.#guess;
    const [bearing, parts] = [bearingIn(guess), partsIn(guess)];
    const fitting = (key: string, more: object) => {
      const forms = bearing.get(key)?.map(({ form }) => ({ ...form, ...more }) as SignatureForm) ?? [];
      const untold = forms.filter((form) => formFlaws(form).length === 0 && !isTelling(form, guess));
      return untold.filter((form) => this.#fits([form])).slice(0, 1);
    };
    const equal = fitting(`equal ${digestOf(guess.secret).toString('latin1')}`, {});
    const fits = equal.filter((form) => 'header' in form.in);
    const algorithms = new Set(Array.from(bearing.values(), ([first]) => first?.form.algorithm as string));
    for (let length = 1; length <= PARTS_MOST && fits.length === 0; length++)
      for (const separator of length > 1 ? SEPARATORS : [''])
        for (const signed of joinedParts(parts, length, separator)) {
          if (this.#bytesLeft < 0) break;
          // A part may be the digest of the body.
          this.#bytesLeft -= guess.body.bytes.length;
          for (const { template, timeText } of templatesOf(signed, guess))
            for (const { way, bytes, make } of makingOf(signed, timeText, guess)) {
              if (!algorithms.has(way.algorithm) || this.#bytesLeft < 0) continue;
              this.trials++;
              this.#bytesLeft -= MAC_COST + bytes;
              fits.push(...fitting(`${way.algorithm} ${make()}`, { ...way, ...template }));
            }
        }
    return fits.length > 0 ? fits : equal;
  }
}

/** Whether a secret, or a long part of one, stands beside the signature, so that the form would show it. */
function isTelling({ prefix, layout, time }: SignatureForm, { secrets }: Guess): boolean {
  const pair = time?.from.replace(/^(?!pair:).*/s, '');
  const shown = [prefix, pair, ...Object.values(layout ?? {})].join('\n').toLowerCase();
  const written = secrets.flatMap((one) => [one, ...ENCODINGS.map((way) => Buffer.from(one).toString(way))]);
  const partsOf = (one: string) => Array.from(one, (_, at) => one.slice(at, at + TOLD_LEAST));
  const parts = written.flatMap((one) => partsOf(one).filter((part, at) => at === 0 || part[TOLD_LEAST - 1]));
  return parts.some((part) => shown.includes(part.toLowerCase()));
}

type Kinds = readonly (readonly string[])[];

/** Every template of so many parts, each of another kind, in every order. */
function* joinedParts(kinds: Kinds, length: number, separator: string): Generator<string> {
  for (const kind of kinds) {
    const others = kinds.filter((one) => one !== kind);
    const rest = length > 1 ? [...joinedParts(others, length - 1, separator)] : [];
    const ends = length > 1 ? rest.map((end) => separator + end) : [''];
    for (const part of kind) yield* ends.map((end) => part + end);
  }
}

/**
 * How much of what a preset knows is in the request; of those that sign alike the one whose signature was published comes first. Below
 * 0: it is in `Authorization`, as anybody's may be, and nothing else tells that it is this preset.
 */
function likenessOf({ id, type, forms, shownBy }: Preset, { body, texts }: Guess): number {
  const places = [...id, ...type];
  const names = new Set(texts.map(({ name }) => name.toLowerCase()));
  const headers = headersIn(places).filter((name) => names.has(`header:${name}`));
  const members = places.filter((place) => Array.isArray(place) && body.member(place.join('.')));
  const isAnybodys = forms.every((form) => placeHeaders(form.in)[0] === 'Authorization');
  // Many have a member `type`; a header with the provider's name is its own.
  const there = headers.length * 30 + members.length * 5;
  return 20 + there + (shownBy === 'vector' ? 5 : 0) - forms.length - (isAnybodys ? 25 : 0);
}
