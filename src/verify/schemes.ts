/**
 * Every scheme, and the form of one. A scheme is one way of proving who sent a request: it stands whole in a file like hmac.ts
 * and has a row here. Whatever treats schemes alike (settings, checks, `send`, `secret`, alarms) reads this table.
 */
import type { Problem } from '../base/errors.ts';
import type { FollowedNames } from './followed-names.ts';
import type { HeadFacts } from './form/parts.ts';
import type { PublishedKeys } from './form/published.ts';
import { HMAC, SIGNATURE } from './hmac.ts';
import { type AllowEntry, IP_ALLOWLIST } from './ip-allowlist.ts';
import { JWT } from './jwt.ts';
import type { Preset } from './preset.ts';
import { QUERY_TOKEN } from './query-token.ts';
import type { Proof, Verifier } from './verifier.ts';

/** In the order in which a request is checked: the cheap ones first. */
export const SCHEMES = [
  IP_ALLOWLIST,
  QUERY_TOKEN,
  HMAC,
  SIGNATURE,
  JWT,
] as const satisfies readonly SchemeRow[];

type AnyRow = (typeof SCHEMES)[number];
export type Scheme = AnyRow['name'];
/** A scheme whose setting holds secrets. */
export type SecretScheme = Extract<AnyRow, { holds: 'secrets' }>['name'];
/** Every code with which a scheme refuses. */
export type SchemeRefusalCode = CodesOf<AnyRow>;
type CodesOf<Each> = Each extends SchemeRow ? keyof Each['refusals'] : never;

/** The answer to a request that is turned away, and the words for the operator. */
export interface RefusalRow {
  readonly status: number;
  /** What is refused so has the form of the provider’s: another secret, setting or clock may prove it. */
  readonly mayBeGenuine?: true;
  /** The reason in words: for the log, and outside production for the sender. */
  readonly says: string;
  /** The likely cause, as a question to the operator. */
  readonly asks: string;
  /**
   * The way to mend it. `…_` stands for the beginning of the source's settings, `<source>` for its name, and of its JWT `<token>` for the
   * header as it must be sent, `<setting>` for the setting of what it is checked with.
   */
  readonly fix: string;
}

/** The steps in which people change a secret. Between `before` and `after` they put the new one into our settings. */
export interface Rotation {
  /** Left out: one makes the new secret oneself. */
  readonly before?: readonly string[];
  readonly after: readonly string[];
  /** Says what becomes of the old secret. */
  readonly old: string;
}

/** What of a source a signature may be about, beside the request: its registered URL, and values of settings. */
export type SignedAbout = Pick<HeadFacts, 'publicUrl' | 'values'>;

export interface SignedSource extends SignedAbout {
  readonly preset: Preset;
}

/** The settings of one source that a verifier is built from. */
export interface CheckSettings extends SignedAbout {
  readonly preset: Pick<Preset, 'forms' | 'cut' | 'jwt'>;
  /** The live secrets of this scheme; none if it holds addresses. */
  readonly secrets: readonly string[];
  readonly allowFrom: readonly AllowEntry[];
  readonly allowSha1: boolean;
  /** The greatest distance of a signed time from our clock, either way. */
  readonly toleranceSeconds: number;
  /** How much later than it says a token may still be used, and how much sooner; 0 if left out. */
  readonly leewaySeconds?: number;
  /** Finds the keys that providers publish; without it none is fetched. */
  readonly published?: Pick<PublishedKeys, 'find'> | undefined;
  /** Follows the host names of `allowFrom`. */
  readonly names: Pick<FollowedNames, 'follow'>;
}

/** The headers and query parameters that a sender adds to its request to prove itself. */
export interface Signed {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

interface AnyScheme {
  /** Operators write it into `…_VERIFY`; evidence and metrics show it. */
  readonly name: string;
  /** The variable that switches it on, without the source's prefix: `WEBHOOK_SECRET`. */
  readonly setting: string;
  /** Each code begins with the scheme's name. */
  readonly refusals: Readonly<Record<string, RefusalRow>>;
  /** Lower-case names of the headers that carry credentials: kept with a refused request, shown nowhere. */
  headersOf(preset: Preset): readonly string[];
  build(settings: CheckSettings): Verifier;
}

export interface SecretRow extends AnyScheme {
  readonly holds: 'secrets';
  /** The words of `secret rotate` for a shared secret, and a preset that has none of its own. */
  readonly rotation: Rotation;
  /** Whether the secrets are public keys: the sender alone has what signs. Left out: they are shared. */
  arePublic?(preset: Preset): boolean;
  /** Of rows with one setting, whether this is the one that a preset's secrets are for, the newest first. Left out: it is. */
  isFor?(preset: Preset, secrets: readonly string[]): boolean;
  /** What may be wrong with a secret of this kind, beside what may be with any. */
  doubts?(secret: string): Omit<Problem, 'setting'> | undefined;
  /** What keeps a secret from being one of this kind at all. */
  mistake?(secret: string, preset: Preset): Omit<Problem, 'setting'> | undefined;
  /** Proves a body as the provider would. Throws TypeError if only the provider can. */
  sign(secret: string, body: Buffer, nowMs: number, source: SignedSource): Signed | Promise<Signed>;
  /** The forms in which a proof may come, as it tells them; left out if there is one only. */
  formsOf?(preset: Preset, allowSha1: boolean): readonly string[];
  /** Says whether the signature that a proof keeps is still that of the bytes. Left out if proofs keep none. */
  recheck?(proof: Proof, secret: string, body: Buffer, receivedAt: number, source: SignedSource): boolean;
}

/** An address can be shared or forged upstream, so such a scheme is never the only one that is enforced. */
export interface AddressRow extends AnyScheme {
  readonly holds: 'addresses';
}

export type SchemeRow = SecretRow | AddressRow;
