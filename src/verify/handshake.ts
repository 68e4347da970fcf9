/**
 * Handshakes: requests by which a provider tries an endpoint, as data. They are answered, and stored nowhere. serve/http/handshakes.ts
 * asks about each request that may be one; handshake-flaws.ts checks the data at the start.
 *
 * An answer has only values in it whose form `when` says, in plain ASCII. A text goes out as text/plain, and JSON as JSON writes it.
 */
import { createHash, createHmac } from 'node:crypto';
import { digestOf, fingerprintOf, indexOfDigest } from './fingerprint.ts';
import { readFormKeys } from './form/key.ts';
import { SignedBody } from './form/parts.ts';
import { PLACEHOLDER } from './form/reading.ts';
import type { Encoding, MacAlgorithm, SecretKeying } from './form/vocabulary.ts';
import { type Head, headerLines, type Proof } from './verifier.ts';

/** What a value must be: this text, of this form, not there at all, or the text of this setting, compared in constant time. */
export type Condition = string | RegExp | null | { readonly secret: string };

/** A kind of request by which a provider tries the endpoint: how it is known, and what it is answered. */
export interface Handshake {
  /** All of it must be so. Left out, the method is POST. A value is written in braces elsewhere: `{query:challenge}`. */
  readonly when: { readonly method?: 'GET' | 'HEAD' | 'OPTIONS' } & {
    readonly [Place in `${'query' | 'header' | 'member' | 'field'}:${string}`]?: Condition;
  };
  /** true: every check has to pass first. 'maybe': it may. Left out: it has no signature, and the other checks have to pass. */
  readonly signed?: true | 'maybe';
  /** The status is 200 if it is left out. `{setting:x}` is a setting of the source, `{made}` what `made` says. */
  readonly answer: {
    readonly status?: number;
    readonly text?: string;
    readonly json?: Readonly<Record<string, string | number>>;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /**
   * A MAC by the secret of the source; or a digest, with the secret of the setting `by` as `{key}`. `{endpoint}` is the URL as
   * registered.
   */
  readonly made?: {
    readonly algorithm: MacAlgorithm | 'digest-sha256';
    readonly by?: string;
    readonly key?: SecretKeying;
    readonly encoding: Encoding;
    readonly of: string;
  };
  /** It is shown to the operator once. Unsigned, it is taken only while `<SOURCE>_VERIFY` says `handshake`. */
  readonly brings?: { readonly what: string; readonly text: string };
  /** Of settings that may be left out. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/** What an accepted event is answered with. The type is text/plain if it is left out. */
export interface AcceptedAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly text: string;
}

export interface HandshakeSettings {
  /** The live secrets of the forms, newest first, and how evidence names each by its plain fingerprint. */
  readonly live: readonly string[];
  readonly keyed: (fingerprint: string) => string;
  /** Of the settings that `{ secret }` and `by` name, and that `{setting:x}` does. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  readonly values: Readonly<Record<string, string>>;
  readonly publicUrl?: string | undefined;
}

export interface AskedHandshake {
  readonly method: string;
  readonly head: Pick<Head, 'query' | 'rawHeaders'>;
  readonly body: Buffer;
  /** Undefined: its signature is missing or wrong. */
  readonly proofs?: readonly Proof[];
}

export interface MetHandshake extends Pick<Handshake, 'signed' | 'made' | 'brings'> {
  readonly status: number;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  readonly type: string;
  readonly body: string;
}

/** Bodies and queries that are longer are no handshake. */
export const HANDSHAKE_MOST = 4_096;
const VALUE = /^[\x20-\x7e]{1,1024}$/;

/** The one that a request is, answered. Undefined if it is none; 'refused' if it lacks the secret that it must tell. */
export function meetHandshake(
  handshakes: readonly Handshake[],
  asked: AskedHandshake,
  settings: HandshakeSettings,
): MetHandshake | 'refused' | undefined {
  const { method, head, proofs } = asked;
  if (head.query.length > HANDSHAKE_MOST || asked.body.length > HANDSHAKE_MOST) return undefined;
  const body = new SignedBody(asked.body);
  const query = new URLSearchParams(head.query);
  for (const handshake of handshakes) {
    const { when, signed } = handshake;
    const isItsTurn = when.method !== undefined || (proofs ? signed !== undefined : signed !== true);
    if (methodOf(handshake) !== method || !isItsTurn) continue;
    const values: Record<string, string> = {};
    const isThere = placesIn(handshake).every(([place, condition]) => {
      const [kind = '', name = ''] = place.split(/:(.*)/s);
      const inBody = () => (kind === 'member' ? body.member(name) : body.field(name));
      const inHead = () =>
        kind === 'query' ? query.getAll(name) : headerLines(head.rawHeaders, name.toLowerCase());
      if (kind === 'member' && typeof condition === 'string' && !asked.body.includes(condition)) return false;
      const found = ['query', 'header'].includes(kind) ? inHead() : [inBody() ?? []].flat();
      values[place] = found[0] ?? '';
      if (condition === null) return found.length === 0;
      if (found.length !== 1) return false;
      if (condition instanceof RegExp) return VALUE.test(values[place]) && condition.test(values[place]);
      return typeof condition !== 'string' || values[place] === condition;
    });
    if (!isThere) continue;
    const tellsSecrets = placesIn(handshake).every(
      ([place, condition]) =>
        !isSecret(condition) || isLive(values[place] as string, settings.secrets[condition.secret]),
    );
    return tellsSecrets ? answerTo(handshake, values, proofs ?? [], settings) : 'refused';
  }
  return undefined;
}

export function methodOf({ when }: Handshake): string {
  return when.method ?? 'POST';
}

export function placesIn({ when: { method: _, ...places } }: Handshake): [string, Condition][] {
  return Object.entries(places) as [string, Condition][];
}

export function isSecret(condition: Condition): condition is { readonly secret: string } {
  return typeof condition === 'object' && condition !== null && 'secret' in condition;
}

function isLive(given: string, secrets: readonly string[] = []): boolean {
  return indexOfDigest(digestOf(given), secrets.map(digestOf)) >= 0;
}

/** Undefined if a setting is missing that it takes. */
function answerTo(
  { signed, answer: { status = 200, text = '', json, headers = {} }, made, brings, defaults }: Handshake,
  places: Readonly<Record<string, string>>,
  proofs: readonly Proof[],
  settings: HandshakeSettings,
): MetHandshake | undefined {
  const set = { ...defaults, ...settings.values };
  const known: Record<string, string | undefined> = { ...places, endpoint: settings.publicUrl };
  for (const [name, value] of Object.entries(set)) known[`setting:${name}`] = value || defaults?.[name];
  let isWhole = true;
  const fill = (template: string) =>
    template.replace(PLACEHOLDER, (all) => {
      const value = known[all.slice(1, -1)];
      isWhole &&= value !== undefined;
      return value ?? '';
    });
  if (made) known.made = make(made, fill, known, proofs, settings);
  const members = Object.entries(json ?? {}).map(([name, one]) => [
    name,
    typeof one === 'string' ? fill(one) : one,
  ]);
  const met: MetHandshake = {
    ...(signed && { signed }),
    ...(made && { made }),
    ...(brings && { brings: { what: brings.what, text: fill(brings.text) } }),
    status,
    headers: Object.entries(headers).flatMap(([name, value]) => [name, fill(value)]),
    type: json ? 'application/json' : 'text/plain; charset=utf-8',
    body: json ? JSON.stringify(Object.fromEntries(members)) : fill(text),
  };
  return isWhole ? met : undefined;
}

/** By the secret that has proven the request, or the newest. Undefined if there is none. */
function make(
  made: NonNullable<Handshake['made']>,
  fill: (template: string) => string,
  known: Record<string, string | undefined>,
  proofs: readonly Proof[],
  { live, keyed, secrets }: HandshakeSettings,
): string | undefined {
  const { algorithm, by, encoding } = made;
  if (by !== undefined) {
    known.key = secrets[by]?.[0];
    return createHash('sha256').update(fill(made.of)).digest(encoding);
  }
  const isProving = (one: string) => proofs.some(({ secret }) => secret === keyed(fingerprintOf(one)));
  const secret = live.find(isProving) ?? live[0];
  const [{ object: key } = { object: undefined }] = secret === undefined ? [] : readFormKeys(made, secret);
  return key && createHmac(algorithm.slice('hmac-'.length), key).update(fill(made.of)).digest(encoding);
}
