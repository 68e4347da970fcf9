/**
 * The words in which a preset says its handshakes (requests by which a provider tries an endpoint) and its own answers. One reading
 * takes a handshake apart for everybody: preset.ts asks what is wrong with it, handshake-words.ts what to say of it, the configuration
 * which settings it names, and handshake-answers.ts answers by it.
 */
import { type Flaw, flaw } from '../base/settings/rules.ts';
import { placeholdersIn } from './form/reading.ts';
import type { Encoding, MacAlgorithm, SecretKeying, SignatureForm } from './form/vocabulary.ts';
import type { Preset } from './preset.ts';

/** What a value must be: this text, of this form, or not there at all. `'{secret:x}'` is that of a setting, compared in constant time. */
export type Condition = string | RegExp | null;

/** With 200 and nothing, unless it says otherwise. A text goes out as text/plain if there is no type, and JSON as JSON writes it. */
export interface NamedAnswer {
  readonly status?: number;
  readonly text?: string;
  /** Of the text. */
  readonly type?: string;
  readonly json?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export type PlaceKind = 'query' | 'header' | 'member' | 'field';

/** A kind of request by which a provider tries the endpoint: how it is known, and what it is answered. */
export interface Handshake {
  /** All of it must be so. Left out, the method is POST. A value is written in braces elsewhere: `{query:challenge}`. */
  readonly when: { readonly method?: 'GET' | 'HEAD' | 'OPTIONS' } & {
    readonly [Place in `${PlaceKind}:${string}`]?: Condition;
  };
  /** true: every check has to pass first. 'maybe': it may. Left out: it has no signature, and the other checks have to pass. */
  readonly signed?: true | 'maybe';
  /** `{setting:x}` is a setting of the source, `{setting:x=y}` one that is `y` if it is left out, `{made}` what `made` says. */
  readonly answer: NamedAnswer;
  /** A MAC of `of` by the secret of the source; or a digest, which has the secret of a setting in it: `{secret:x}`. */
  readonly made?: {
    readonly algorithm: MacAlgorithm | 'digest-sha256';
    readonly key?: SecretKeying;
    readonly encoding: Encoding;
    readonly of: string;
  };
  /** It is shown to the operator once. Unsigned, it is taken only while `<SOURCE>_VERIFY` says `handshake`. */
  readonly brings?: { readonly what: string; readonly text: string };
}

const EXAMPLE =
  "when: { method: 'GET', 'query:challenge': /^\\w{1,99}$/ }, answer: { text: '{query:challenge}' }";
const METHODS = ['POST', 'GET', 'HEAD', 'OPTIONS'];
const PLACE = /^(query|header|member|field):([^{}]+)$/;
const FORM = /^\^[^|]*(?<!\\)\$$/;
const MADE = /^(hmac-sha(1|256|512)|digest-sha256) in (hex|base64|base64url)$/;
const STATUSES = [200, 201, 202, 204];
const OWN_HEADERS = /^(content-|transfer-|connection$|set-cookie$)|[^\w-]/i;
/** Names of settings by which events are proven. */
const PROVING = /(webhook|jwt)_?(secret|token)/i;

/** Those words of which it is so. */
function wordsWhere(flaws: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(flaws).filter((words) => flaws[words]);
}

function answerFlaws({ status = 200, text = '', type = '', headers = {} }: NamedAnswer): string[] {
  const own = Object.keys(headers).filter((name) => OWN_HEADERS.test(name));
  return wordsWhere({
    [`answers ${status}, which is none of ${STATUSES.join(', ')}`]: !STATUSES.includes(status),
    [`writes the header ${own.join(', ')}, which it may not`]: own.length > 0,
    'has a text that is none': typeof text !== 'string',
    'has a type that cannot stand in a header': !/^[ -~]*$/.test(type),
  });
}

/** For `answer` of a preset. */
export function isAnswer(given: unknown): boolean {
  return typeof given === 'object' && given !== null && answerFlaws(given).length === 0;
}

/** Each of a preset's handshakes taken apart: its places, the settings that it names, and what is wrong with it. */
export function readHandshakes({ handshakes = [], forms }: Pick<Preset, 'handshakes' | 'forms'>) {
  return handshakes.map((one) => readHandshake(one, forms));
}

function readHandshake(handshake: Handshake, forms: readonly SignatureForm[]) {
  const { when = {}, signed, answer = {}, made, brings } = handshake ?? {};
  const { method = 'POST', ...conditions }: Readonly<Record<string, unknown>> & { method?: string } = when;
  const places = Object.entries(conditions).map(([place, condition]) => {
    const [, kind, name = ''] = PLACE.exec(place) ?? [];
    const [, secret] = /^\{secret:([^{}]+)\}$/.exec(String(condition)) ?? [];
    return { place, kind: kind as PlaceKind, name, condition: condition as Condition, secret };
  });
  const [said, of] = [JSON.stringify([answer, brings?.text]), String(made?.of ?? '')];
  const named = placeholdersIn(`${Object.values(conditions).join(' ')} ${of} ${said}`);
  const settings = named.filter(({ word }) => word === 'setting' || word === 'secret').map(readSetting);
  const isDigest = made?.algorithm === 'digest-sha256';
  const echoes = places.flatMap((one) => (one.condition instanceof RegExp ? `{${one.place}}` : []));
  const strangeIn = (template: string, ...known: readonly unknown[]) =>
    placeholdersIn(template)
      .filter(({ all, word, name }) => !echoes.includes(all) && !known.includes(name ? word : all))
      .map(({ all }) => `has ${all}, whose form \`when\` does not say`);
  // Whoever may ask for a MAC by the secret must not get one that an event could have.
  const asked = String(conditions[of.slice(1, -1)]);
  const isApart = (form: SignatureForm) => 'unlike' in form && String(form.unlike) === asked;
  const isSafe = !made || isDigest || signed === true || (echoes.includes(of) && forms.every(isApart));
  const isPost = method === 'POST';
  const ofPost = signed || places.some(({ kind }) => kind === 'member' || kind === 'field');
  const flaws = [
    ...wordsWhere({
      [`is not { ${EXAMPLE} }`]: !handshake?.when || !handshake.answer,
      'has a method that is none of GET, HEAD, OPTIONS': !METHODS.includes(method),
      'asks for a body or a signature, which only a POST has': !isPost && ofPost,
      'would take every request for a handshake': isPost && places.every((one) => one.condition === null),
      'makes neither a MAC nor a digest': made && !MADE.test(`${made.algorithm} in ${made.encoding}`),
      'makes a digest without {secret:x}': isDigest && !of.includes('{secret:'),
      [`makes signatures for everybody: say in each form unlike: ${asked}, as \`when\` does`]: !isSafe,
      'names a setting by which events are proven': settings.some(({ name }) => PROVING.test(name)),
    }),
    ...places.flatMap(({ place, kind, condition }) =>
      wordsWhere({
        [`names ${place}, which is none of query:x, header:x, member:x, field:x`]: !kind,
        [`does not say what ${place} must be: a text, or a form from ^ to $`]: !isCondition(condition),
      }),
    ),
    ...strangeIn(of, 'setting', isDigest && 'secret'),
    ...strangeIn(said, 'setting', made && '{made}'),
    ...answerFlaws(answer),
  ];
  return { ...handshake, method, places, settings, flaws };
}

function isCondition(given: unknown): boolean {
  if (given instanceof RegExp) return FORM.test(given.source) && given.flags === '';
  return given === null || typeof given === 'string';
}

/** Of `{setting:x=y}`. */
function readSetting({ all, word, name: said = '' }: ReturnType<typeof placeholdersIn>[number]) {
  const [name = '', fallback] = said.split(/=(.*)/s);
  return { all, name, fallback, isSecret: word === 'secret' };
}

/** What is wrong with a preset's handshakes, which no compiler may have seen. */
export function flawsOfHandshakes(preset: Preset): Flaw[] {
  const flawsAt = (flaws: readonly string[], at: number) =>
    flaws.map((wrong) => flaw(wrong, 'See docs/providers.md.', 'handshakes', String(at)));
  return readHandshakes(preset).flatMap(({ flaws }, at) => flawsAt(flaws, at));
}

/** The settings that a preset's handshakes name, each once: `fallback` is what it is if it is left out. */
export function handshakeSettings(preset: Preset) {
  const settings = readHandshakes(preset).flatMap((one) => one.settings);
  return [...new Map(settings.map((one) => [one.name, one])).values()];
}

/** Whether a preset's secret may come by a handshake. */
export function bringsSecret({ handshakes = [] }: Pick<Preset, 'handshakes'>): boolean {
  return handshakes.some(({ brings, signed }) => brings !== undefined && signed !== true);
}

/** What of a body a preset's handshakes hand over, which may be a secret: members at its top, whole, and fields. */
export function broughtNames(preset: Pick<Preset, 'handshakes' | 'forms'>) {
  const named = readHandshakes(preset).flatMap(({ brings }) => placeholdersIn(brings?.text ?? ''));
  const namesOf = (kind: PlaceKind) => named.flatMap(({ word, name }) => (word === kind ? (name ?? []) : []));
  return {
    members: namesOf('member').map((path) => path.split('.', 1)[0] as string),
    fields: namesOf('field'),
  };
}

/** Stands in `…_VERIFY` for the secret that is to come. */
export const BY_HANDSHAKE = 'handshake';
