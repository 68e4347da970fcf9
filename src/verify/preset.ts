/**
 * A preset: all that we know about a provider, as data. The verifier, the signer, `init`, `send` and `secret rotate` read it,
 * and tests hold README and .env.example against it. Each stands in presets/<name>/preset.ts; presets.ts names them all.
 */
import {
  choiceOf,
  type Flaw,
  flaw,
  integer,
  isObject,
  members,
  type ReadValue,
  text,
  valueThat,
} from '../base/settings/rules.ts';
import { MINUTE_MS } from '../base/times.ts';
import { formFlaws, formsFlaws } from './form/flaws.ts';
import type { SignatureForm } from './form/vocabulary.ts';
import { flawsOfHandshakes, type Handshake, isAnswer, type NamedAnswer } from './handshake.ts';
import { type Items, isItems } from './items-place.ts';
import { type JwtForm, jwtFlaws } from './jwt-form.ts';
import { isRetries, RETRIES_FIX, type Retries } from './retries.ts';
import type { Rotation, SecretScheme } from './schemes.ts';

/** A path into the body, member by member: `['src', 'id']` is `body.src.id`. */
export type MemberPath = readonly string[];

/** By the name of the key: where its values are. `*` in a path stands for each item of a list. */
export type SearchKeys = Readonly<Record<string, readonly MemberPath[]>>;
/** Where an event has its id or type; `all`: in these together. */
export type NamePlace = MemberPath | { readonly header: string } | { readonly all: readonly NamePlace[] };

/** Where a member is one of these texts, or with `isNot` none of them. */
export interface Where {
  readonly member: MemberPath;
  readonly is?: readonly string[];
  readonly isNot?: readonly string[];
}

/** A way in which events name the thing: all these members together. */
export interface Naming {
  readonly by: readonly MemberPath[];
  readonly where?: Where;
}

/** A member that tells as of when the state held. */
export interface Dating {
  readonly path: MemberPath;
  readonly where?: Where;
  /** The state is taken for so much older than that, because the time is not its own. */
  readonly earlierMs?: number;
}

/** Says where an event names the thing whose state it tells, and the time of that state. Others are handled for themselves. */
export interface StateShape {
  /** Only events of which this is true tell a state. */
  readonly where?: Where;
  /** The first way of which all members are there counts. */
  readonly of: readonly Naming[];
  /** The first member that holds a time counts. */
  readonly at: readonly Dating[];
  /** Of two states of the same time the one counts that was recorded later, as this member says. */
  readonly recordedAt?: MemberPath;
  /** A state without a time comes before all others, and is not handled for itself. */
  readonly isOldestWithoutTime?: boolean;
  /** What the provider calls the state, for people who read the history of a thing. */
  readonly says?: MemberPath;
}

export interface AddressList {
  readonly addresses: readonly string[];
  /** The page where the provider published it, and the month in which we read it. */
  readonly from: string;
  readonly asOf: string;
}

/** Of a preset, and of a source, which has the name of its preset unless it is given another. */
export const SOURCE_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** A provider. Those that Consignee ships are exported by name, and all together as `presets`; `custom` makes one. */
export interface Preset {
  /** Of its source, unless the wiring gives another: `/webhooks/<name>`, `<NAME>_WEBHOOK_SECRET`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** In order of strength: the first place that a request fills decides alone. SHA-1 beside something better must be allowed. */
  readonly forms: readonly SignatureForm[];
  /** For a provider that sends a JWT. Its key is in `…_JWT_SECRET`, or, where there are no forms, in `…_WEBHOOK_SECRET`. */
  readonly jwt?: JwtForm;
  /** Where the provider's own event id is; the first place that holds one counts. Without any the body's digest is the id. */
  readonly id: readonly NamePlace[];
  /** Where an event says what has happened, in the same manner. */
  readonly type: readonly NamePlace[];
  /** For `each`, of a provider that puts several events into one body. */
  readonly items?: Items;
  /** For `latest`. */
  readonly state?: StateShape;
  /** Values by which people look for events: `events list --key 1Z…`. */
  readonly keys?: SearchKeys;
  /** Bodies may be HTML forms; of one that has JSON in its only field `payload`, that is what it says. 'any': they may be anything. Left out: what is not JSON is held. */
  readonly bodies?: 'form' | 'any';
  /** A top-level member that is a credential: cut out of what is stored, logged and handed on. */
  readonly cut?: string;
  /** Headers that say something about an event and prove nothing: kept with it, beside those that every event keeps. */
  readonly keepHeaders?: readonly string[];
  /** Requests by which it tries the endpoint: answered, and stored nowhere. */
  readonly handshakes?: readonly Handshake[];
  /** The answer for an event that is on disk. Left out: ours, as JSON. */
  readonly answer?: NamedAnswer;
  /** The largest body that is taken, unless `<SOURCE>_BODY_LIMIT` says otherwise. */
  readonly bodyLimitBytes: number;
  /** The time in which a `reply` must be there, from the moment the request came in; below 2,500 also the one to store an event in. */
  readonly replyWithinMs: number;
  /** Left out: not known. */
  readonly retries?: Retries;
  /** Addresses that the provider publishes, by the name under which `<SOURCE>_ALLOW_FROM` takes them. */
  readonly addressLists: Readonly<Record<string, AddressList>>;
  /** The sample that `send` takes by itself, from samples/ beside the preset; left out if there are none. */
  readonly sample?: string;
  /** What that sample is, for a provider that says the type in a header. */
  readonly sampleType?: string;
  /** Sentences for people: where the URL goes at the provider, and where its secret is found. */
  readonly setUp: readonly string[];
  /** The way to change a secret there. For a scheme that is left out, the general words of its row hold. */
  readonly rotation: Readonly<Partial<Record<SecretScheme, Rotation>>>;
  /** Where all of this was read, and in which month. */
  readonly known?: { readonly from: string; readonly asOf: string };
  /** What shows that the forms are right: a signature that others have published, the one of a like form, or nothing but words. */
  readonly shownBy?: 'vector' | 'documentation' | `same form as ${string}`;
}

const isFilled = (given: unknown): given is string => typeof given === 'string' && given !== '';
const areFilled = (given: unknown) => Array.isArray(given) && given.every(isFilled);
const isPaths = (given: unknown) =>
  Array.isArray(given) && given.every((path) => areFilled(path) && path.length > 0);
const isKeys = (given: unknown) => isObject(given) && Object.values(given).every(isPaths);
const isPlace = (given: unknown): boolean => {
  if (!isObject(given)) return areFilled(given) && (given as []).length > 0;
  return 'all' in given ? isPlaces(given.all) && (given.all as []).length > 1 : isFilled(given.header);
};
const isPlaces = (given: unknown): boolean => Array.isArray(given) && given.every(isPlace);

const required = { isRequired: true } as const;
const FORMS_FIX =
  "Write a list of forms, as in { in: { header: 'X-Signature' }, prefix: 'sha256=', encoding: 'hex', algorithm: 'hmac-sha256', signed: '{body}' }.";
const JWT_FIX =
  "Write a datum, as in { header: 'X-Signature', word: 'Bearer', algorithm: 'HS256', binds: 'body', required: ['iat'] }.";
const PLACES_FIX =
  "Write a list of paths and headers, as in [['event', 'id'], { header: 'X-Event-Id' }]; [] if there is none.";

/** Each flaw of each form, and what is wrong between two of them. */
function readForms(given: unknown): ReadValue<readonly SignatureForm[] | undefined> {
  const list = valueThat<readonly SignatureForm[]>(Array.isArray, FORMS_FIX, required)(given);
  const forms = list.value ?? [];
  const flaws = forms.flatMap((form, at) =>
    formFlaws(form).map((wrong) => flaw(wrong, FORMS_FIX, String(at))),
  );
  if (flaws.length === 0) flaws.push(...formsFlaws(forms).map((wrong) => flaw(wrong, FORMS_FIX)));
  return { value: list.value, flaws: [...list.flaws, ...flaws] };
}

function readJwt(given: unknown): ReadValue<JwtForm | undefined> {
  const flaws = given === undefined ? [] : jwtFlaws(given).map((wrong) => flaw(wrong, JWT_FIX));
  return { value: given as JwtForm | undefined, flaws };
}

const RULES = members({
  name: text((name) => SOURCE_NAME.test(name), 'Use small letters, digits and hyphens.', required),
  title: text(isFilled, 'Write what people call the provider.', required),
  forms: readForms,
  jwt: readJwt,
  id: valueThat(isPlaces, PLACES_FIX, required),
  type: valueThat(isPlaces, PLACES_FIX, required),
  items: valueThat(isItems, "Write { path: ['events'], id: [['id']], type: [['type']] }."),
  state: valueThat(isObject, "Write { of: [['order_id']], at: [['updated_at']] }."),
  keys: valueThat(isKeys, "Write { order: [['data', 'order_id']] }."),
  bodies: choiceOf(['form', 'any'] as const),
  handshakes: valueThat<readonly Handshake[]>(Array.isArray, 'Write a list of handshakes, or leave it out.'),
  answer: valueThat(isAnswer, "Write { status: 204, text: '' }, or leave it out."),
  cut: text(isFilled, 'Write the name of a member.'),
  keepHeaders: valueThat(areFilled, 'Write a list of names of headers.'),
  bodyLimitBytes: integer(1, 536_870_912),
  replyWithinMs: integer(1, 10 * MINUTE_MS),
  retries: valueThat(isRetries, RETRIES_FIX),
  addressLists: valueThat(isObject, 'Write {} if the provider publishes none.', required),
  sample: text(isFilled, 'Write the name of a sample.'),
  sampleType: text(isFilled, 'Write a type as the provider does.'),
  setUp: valueThat(areFilled, 'Write a list of sentences.', required),
  rotation: valueThat(isObject, 'Write {} if there is nothing special about it.', required),
  known: valueThat(isObject, "Write { from: 'docs.example.com', asOf: '2026-11' }."),
  shownBy: text(isFilled, "Write 'documentation', or leave it out."),
});

/** What is wrong with a preset of somebody's own, which no compiler may have seen. */
export function presetFlaws(given: unknown): readonly Flaw[] {
  const { flaws } = RULES(given);
  return flaws.length > 0 ? flaws : flawsOfHandshakes(given as Preset);
}
