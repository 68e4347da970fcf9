/**
 * Tries forms of the vocabulary on a captured request until one fits: those of the presets first, then what templates, algorithms
 * and keyings make together, the shortest templates first. What is computed is looked up among the texts of the request; a form
 * that is found so is checked as the service would. The work is bounded by bytes hashed, not by a clock. Used by detect.ts.
 */
import { headersIn } from '../../inbox/shape.ts';
import { expectedBy } from '../../verify/form/algorithms.ts';
import { formFlaws } from '../../verify/form/flaws.ts';
import { KEY } from '../../verify/form/parts.ts';
import { placeHeaders, type SignatureForm } from '../../verify/form/vocabulary.ts';
import type { MemberPath, Preset } from '../../verify/preset.ts';
import { presets } from '../../verify/presets-by-name.ts';
import { type Guess, refusedBecause, signedIn, type Tool, toolsOf } from './guess.ts';
import { type Sighting, type SignedPart, sightingsIn, templateParts, valuesOf } from './places.ts';

const SEPARATORS = ['.', '', ':', '|', '\n', '-', '_', ',', ' ', ';', '+', '&', '/'];
const ENCODINGS = ['hex', 'base64', 'base64url'] as const;
const PARTS_MOST = 4;
/** What a trial costs beside the bytes that it hashes, in bytes. */
const MAC_COST = 1_000;
const SIGNATURE_COST = 60_000;
const SIGNATURE_LENGTH_LEAST = 86;
const FITS_MOST = 5;

/** What fits, the likeliest first; forms only if no preset does. */
export interface Found {
  readonly presets: readonly Preset[];
  readonly forms: readonly SignatureForm[];
}

export class FormSearch {
  readonly guess: Guess;
  readonly sightings: readonly Sighting[];
  readonly #parts: ReturnType<typeof templateParts>;
  readonly #tools: readonly Tool[];
  readonly #places: ReadonlyMap<string, readonly Sighting[]>;
  /** Those that may be made with a private key. */
  readonly #long: readonly Sighting[];
  readonly #words: readonly string[];
  #bytesLeft: number;
  trials = 0;

  constructor(guess: Guess, bytesMost: number) {
    const values = valuesOf(guess.captured);
    this.guess = guess;
    this.sightings = sightingsIn(values);
    this.#parts = templateParts(values, guess.captured.body);
    this.#places = Map.groupBy(this.sightings, ({ text }) => decoded(text));
    this.#long = this.sightings.filter(({ text }) => text.length >= SIGNATURE_LENGTH_LEAST);
    const lengths = new Set(this.#places.keys().map(({ length }) => length));
    this.#tools = toolsOf(guess.secret).filter(({ compiled, key }) =>
      compiled.isAsymmetric ? this.#long.length > 0 : lengths.has(expectedBy(compiled, key, []).length),
    );
    const tags = this.sightings.map(({ prefix = '', layout }) => `${prefix} ${JSON.stringify(layout)}`);
    this.#words = [...new Set(['', ...tags.flatMap((tag) => /\bv\d+\b/.exec(tag) ?? [])])];
    this.#bytesLeft = bytesMost;
  }

  find(): Found | undefined {
    const all = Object.values(presets);
    this.trials += all.flatMap(({ forms }) => forms).length;
    const its = all.filter(({ forms }) => refusedBecause(this.guess, forms) === undefined);
    const ranked = its.map((preset) => ({ preset, rank: likenessOf(preset, this.guess) }));
    const sorted = ranked.filter(({ rank }) => rank > 0).sort((one, other) => other.rank - one.rank);
    const forms = sorted.length > 0 ? [] : this.#combine();
    if (sorted.length + forms.length === 0) return undefined;
    return { presets: sorted.map(({ preset }) => preset), forms };
  }

  /** What a template signs in each way that makes so many characters: in words, and the characters, which nobody may see. */
  computed(template: string, length: number): { how: string; made: string }[] {
    const times = template.includes('{time}') ? this.#parts.times : [{ text: '' }];
    const all = times.flatMap(({ text }) => signedIn(this.guess, template, text) ?? []);
    return all.flatMap(({ pieces, bytes }) =>
      this.#tools.flatMap(({ compiled, key }) => {
        const { algorithm, key: keying = 'text' } = compiled.form;
        if (!algorithm.startsWith(pieces.includes(KEY) ? 'digest-' : 'hmac-') || keying === 'sha1') return [];
        const made = expectedBy(compiled, key, pieces);
        const how = `key as ${JSON.stringify(keying)}, over ${template} (${bytes} bytes)`;
        const texts = ENCODINGS.map((encoding) => [encoding, made.toString(encoding)] as const);
        return texts.flatMap(([encoding, text]) =>
          text.length === length ? [{ how: `${algorithm} in ${encoding}, ${how}`, made: text }] : [],
        );
      }),
    );
  }

  /** Forms of no preset, the simplest first. A secret that stands in the body may stand there beside a signature. */
  #combine(): SignatureForm[] {
    const { secret } = this.guess;
    const texts = [secret, Buffer.from(secret).toString('base64')];
    const [inHeader = [], inBody = []] = [true, false].map((isHeader) => {
      const its = this.sightings.filter(
        ({ in: place, text }) => 'header' in place === isHeader && texts.includes(text),
      );
      return this.#formsAt(its, { algorithm: 'equal' });
    });
    let fits = inHeader;
    let rows: { parts: SignedPart[]; left: (readonly SignedPart[])[] }[] = [
      { parts: [], left: Object.values(this.#parts) },
    ];
    for (let length = 1; length <= PARTS_MOST && fits.length === 0; length++) {
      rows = rows.flatMap(({ parts, left }) =>
        left.flatMap((kind, at) =>
          kind.map((part) => ({ parts: [...parts, part], left: left.toSpliced(at, 1) })),
        ),
      );
      fits = rows.flatMap(({ parts }) => this.#madeOf(parts)).slice(0, FITS_MOST);
    }
    return fits.length > 0 ? fits : inBody;
  }

  #madeOf(parts: readonly SignedPart[]): SignatureForm[] {
    const { time, text } = parts.find((part) => part.time) ?? {};
    const texts = parts.map(({ signed }) => signed);
    return (parts.length > 1 ? SEPARATORS : ['']).flatMap((separator) =>
      (parts.length < PARTS_MOST ? this.#words : ['']).flatMap((word) => {
        const signed = (word === '' ? texts : [word, ...texts]).join(separator);
        return this.#bytesLeft > 0 ? this.#signedBy({ signed, ...(time && { time }) }, text) : [];
      }),
    );
  }

  #signedBy(said: { readonly signed: string }, time?: string): SignatureForm[] {
    const { pieces = [], bytes = 0 } = signedIn(this.guess, said.signed, time) ?? {};
    const isDigest = pieces.includes(KEY);
    return (pieces.length === 0 ? [] : this.#tools).flatMap(({ compiled, key }) => {
      const { algorithm, key: keying } = compiled.form;
      if (isDigest !== algorithm.startsWith('digest')) return [];
      this.trials++;
      this.#bytesLeft -= compiled.isAsymmetric ? SIGNATURE_COST * this.#long.length : MAC_COST + bytes;
      const made = compiled.isAsymmetric ? '' : expectedBy(compiled, key, pieces).toString('latin1');
      const its = compiled.isAsymmetric ? this.#long : this.#places.get(made);
      return this.#formsAt(its, { algorithm, ...(keying && { key: keying }), ...said });
    });
  }

  /** The form that has its signature in one of these places, as the service would take it. */
  #formsAt(places: readonly Sighting[] = [], more: object): SignatureForm[] {
    const forms = places.flatMap(({ text: _, ...where }) =>
      [undefined, ...ENCODINGS].map((encoding) => ({ ...where, ...(encoding && { encoding }), ...more })),
    ) as unknown as SignatureForm[];
    const isRight = (form: SignatureForm) =>
      formFlaws(form).length === 0 && refusedBecause(this.guess, [form]) === undefined;
    return forms.filter(isRight).slice(0, 1);
  }
}

/** The bytes in a text, whichever encoding it is. */
function decoded(text: string): string {
  return Buffer.from(text, /^([\da-f]{2})+$/i.test(text) ? 'hex' : 'base64').toString('latin1');
}

/**
 * How much of what a preset knows is in the request; of those that sign alike the one whose signature was published comes first. Below
 * 0: it is in `Authorization`, as anybody's may be, and nothing else tells that it is this preset.
 */
function likenessOf({ id, type, forms, shownBy }: Preset, guess: Guess): number {
  const places = [...id, ...type];
  const paths = places.filter((place): place is MemberPath => Array.isArray(place));
  const headers = headersIn(places).filter((name) => signedIn(guess, `{header:${name}}`));
  const members = paths.filter((path) => guess.body.member(path.join('.')));
  const isAnybodys = forms.every((form) => placeHeaders(form.in)[0] === 'Authorization');
  // Many have a member `type`; a header with the provider's name is its own.
  const there = headers.length * 30 + members.length * 5;
  return 20 + there + (shownBy === 'vector' ? 5 : 0) - forms.length - (isAnybodys ? 25 : 0);
}
