/**
 * A preset: all that we know about a provider, as data. The verifier, the signer, `init`, `send` and `secret rotate` read it,
 * and tests hold README and .env.example against it. Each stands in presets/<name>/preset.ts; presets.ts names them all.
 */
import { type Flaw, integer, isObject, members, text, valueThat } from '../base/settings/rules.ts';
import type { Rotation, SecretScheme } from './schemes.ts';

/** A way in which a provider writes its HMAC into a header. */
export interface HmacForm {
  readonly header: string;
  /** `plain`: prefix + MAC over the body. `timestamped`: `t=<unix s>,v1=<MAC>` over `<t>.<body>`. */
  readonly layout: 'plain' | 'timestamped';
  readonly prefix: string;
  readonly algorithm: 'sha256' | 'sha1';
  readonly encoding: 'hex' | 'base64';
}

/** A path into the body, member by member: `['src', 'id']` is `body.src.id`. */
export type MemberPath = readonly string[];

/** By the name of the key: where its values are. `*` in a path stands for each item of a list. */
export type SearchKeys = Readonly<Record<string, readonly MemberPath[]>>;

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
}

export interface AddressList {
  readonly addresses: readonly string[];
  /** The page where the provider published it, and the month in which we read it. */
  readonly from: string;
  readonly asOf: string;
}

/** Of a preset, and of a source, which has the name of its preset unless it is given another. */
export const SOURCE_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export interface Preset {
  readonly name: string;
  readonly title: string;
  /** In order of strength: the first header that is present decides alone. SHA-1 forms must be allowed. */
  readonly hmac: readonly HmacForm[];
  /** Paths to the provider's own event id; the first that holds one counts. Without any the body's digest is the id. */
  readonly id: readonly MemberPath[];
  readonly type: readonly MemberPath[];
  /** For `latest`. */
  readonly state?: StateShape;
  /** Values by which people look for events: `events list --key 1Z…`. */
  readonly keys?: SearchKeys;
  /** A top-level member that is a credential: cut out of what is stored, logged and handed on. */
  readonly cut?: string;
  /** Headers that say something about an event and prove nothing: kept with it, beside those that every event keeps. */
  readonly keepHeaders?: readonly string[];
  readonly bodyLimitBytes: number;
  /** The time in which a `reply` must be there, from the moment the request came in. */
  readonly replyWithinMs: number;
  readonly addressLists: Readonly<Record<string, AddressList>>;
  /** The sample that `send` takes by itself, from samples/ beside the preset. */
  readonly sample: string;
  /** Sentences for people: where the URL goes at the provider, and where its secret is found. */
  readonly setUp: readonly string[];
  /** The way to change a secret there. For a scheme that is left out, the general words of its row hold. */
  readonly rotation: Readonly<Partial<Record<SecretScheme, Rotation>>>;
}

const isFilled = (given: unknown): given is string => typeof given === 'string' && given !== '';
const areFilled = (given: unknown) => Array.isArray(given) && given.every(isFilled);
const isPaths = (given: unknown) =>
  Array.isArray(given) && given.every((path) => areFilled(path) && path.length > 0);
const isKeys = (given: unknown) => isObject(given) && Object.values(given).every(isPaths);
const isForm = (given: unknown) => {
  const { header, layout, prefix, algorithm, encoding } = (given ?? {}) as Partial<HmacForm>;
  const isKnown = [
    ['plain', 'timestamped'].includes(layout as string),
    ['sha256', 'sha1'].includes(algorithm as string),
    ['hex', 'base64'].includes(encoding as string),
  ];
  return isFilled(header) && typeof prefix === 'string' && !isKnown.includes(false);
};

const required = { isRequired: true } as const;
const FORMS_FIX =
  "Write a list of { header, layout: 'plain' or 'timestamped', prefix, algorithm: 'sha256' or 'sha1', encoding: 'hex' or 'base64' }.";
const PATHS_FIX = "Write a list of paths, as in [['event', 'id']]; [] if there is none.";
const RULES = members({
  name: text((name) => SOURCE_NAME.test(name), 'Use small letters, digits and hyphens.', required),
  title: text(isFilled, 'Write what people call the provider.', required),
  hmac: valueThat((given) => Array.isArray(given) && given.every(isForm), FORMS_FIX, required),
  id: valueThat(isPaths, PATHS_FIX, required),
  type: valueThat(isPaths, PATHS_FIX, required),
  state: valueThat(isObject, "Write { of: [['order_id']], at: [['updated_at']] }."),
  keys: valueThat(isKeys, "Write { order: [['data', 'order_id']] }."),
  cut: text(isFilled, 'Write the name of a member.'),
  keepHeaders: valueThat(areFilled, 'Write a list of names of headers.'),
  bodyLimitBytes: integer(1, 536_870_912),
  replyWithinMs: integer(1, 600_000),
  addressLists: valueThat(isObject, 'Write {} if the provider publishes none.', required),
  sample: text(isFilled, 'Write the name of a sample.', required),
  setUp: valueThat(areFilled, 'Write a list of sentences.', required),
  rotation: valueThat(isObject, 'Write {} if there is nothing special about it.', required),
});

/** What is wrong with a preset of somebody's own, which no compiler may have seen. */
export function presetFlaws(given: unknown): readonly Flaw[] {
  return RULES(given).flaws;
}
