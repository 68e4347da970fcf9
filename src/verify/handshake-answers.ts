/**
 * Knows a request as one of a preset's handshakes, and makes its answer. Compiled at the start and after a reload; serve/http/handshakes.ts
 * asks for each request that may be one, and nothing of it is stored.
 *
 * An answer has only values in it whose form `when` says, in plain ASCII. A text goes out as text/plain, and JSON as JSON writes it.
 */
import { createHash, createHmac, type KeyObject } from 'node:crypto';
import { formSecretsOf, type SourceChecks } from './checks.ts';
import { digestOf, indexOfDigest } from './fingerprint.ts';
import { readFormKeys } from './form/key.ts';
import { SignedBody } from './form/parts.ts';
import { PLACEHOLDER } from './form/reading.ts';
import { type NamedAnswer, type PlaceKind, readHandshakes } from './handshake.ts';
import { type Head, headerLines, type Proof, Rejection } from './verifier.ts';

/** Bodies and queries that are longer are no handshake. */
export const HANDSHAKE_MOST = 4_096;
const VALUE = /^[\x20-\x7e]{1,1024}$/;
const TEXT_TYPE = 'text/plain; charset=utf-8';

type ReadPlace = ReturnType<typeof readHandshakes>[number]['places'][number];
type Received = { readonly head: Head; readonly body: Buffer; readonly proofs: readonly Proof[] };
type Opened = Pick<Head, 'rawHeaders'> & { readonly query: URLSearchParams; readonly body: SignedBody };

/** All values that there are in a place of a kind. */
const VALUES: Readonly<Record<PlaceKind, (opened: Opened, name: string) => readonly string[]>> = {
  query: ({ query }, name) => query.getAll(name),
  header: ({ rawHeaders }, name) => headerLines(rawHeaders, name.toLowerCase()),
  member: ({ body }, path) => [body.member(path) ?? []].flat(),
  field: ({ body }, name) => (body.fields ?? []).flatMap(([one, value]) => (one === name ? value : [])),
};

function isMet({ kind, name, condition, secret }: ReadPlace, opened: Opened): boolean {
  const isText = typeof condition === 'string' && secret === undefined;
  // Most events are no handshake: their body is not read as JSON for that.
  if (kind === 'member' && isText && !opened.body.bytes.includes(condition)) return false;
  const [value, ...more] = VALUES[kind](opened, name);
  if (condition === null) return value === undefined;
  if (value === undefined || more.length > 0) return false;
  if (condition instanceof RegExp) return VALUE.test(value) && condition.test(value);
  return !isText || value === condition;
}

/** An answer as it goes out; of headers names and values by turns. */
export function writeAnswer({ status = 200, text = '', type = TEXT_TYPE, json, headers = {} }: NamedAnswer) {
  const content = json ? { type: 'application/json', body: JSON.stringify(json) } : { type, body: text };
  return { status, ...content, headers: Object.entries(headers).flat() };
}
export type WrittenAnswer = Readonly<ReturnType<typeof writeAnswer>>;

/** `texts`: of the settings that they name, newest first. `keyed`: how evidence names a secret by its plain fingerprint. */
export function compileHandshakes(
  { preset, secrets }: Pick<SourceChecks, 'preset' | 'secrets'>,
  texts: Readonly<Record<string, readonly string[]>>,
  keyed: (fingerprint: string) => string,
) {
  const live = formSecretsOf({ secrets });
  const answered = readHandshakes(preset).flatMap(({ settings, ...handshake }) => {
    const { made } = handshake;
    const known = new Map(settings.map(({ all, name, fallback }) => [all, texts[name]?.[0] ?? fallback]));
    const keys = made ? live.flatMap((secret) => readFormKeys(made, secret)) : [];
    const hasKey = !made?.algorithm.startsWith('hmac-') || keys.length > 0;
    // One that lacks what it takes is not answered.
    const isWhole = hasKey && ![...known.values()].includes(undefined);
    return isWhole ? [{ ...handshake, known, keys }] : [];
  });
  return { methods: [...new Set(['POST', ...answered.map(({ method }) => method)])], meet };

  /**
   * The one that a request is, and its answer; undefined if it is none. `isSigned`: every check has passed, those that need a
   * signature too. Throws Rejection if it lacks the secret that it must tell.
   */
  function meet(asked: string, isSigned: boolean, { head, body, proofs }: Received) {
    if (head.query.length > HANDSHAKE_MOST || body.length > HANDSHAKE_MOST) return undefined;
    const opened = { ...head, query: new URLSearchParams(head.query), body: new SignedBody(body) };
    const met = answered.find(({ method, signed, places }) => {
      const isItsTurn = isSigned ? signed !== undefined : signed !== true;
      return method === asked && isItsTurn && places.every((place) => isMet(place, opened));
    });
    if (!met) return undefined;
    const known = new Map(met.known);
    for (const { place, kind, name, secret } of met.places) {
      const [value = ''] = VALUES[kind](opened, name);
      known.set(`{${place}}`, value);
      if (secret !== undefined && !isOneOf(texts[secret], value)) throw new Rejection('handshake_mismatch');
    }
    const { made, signed, brings, answer, keys } = met;
    const fill = (template: string) => template.replace(PLACEHOLDER, (all) => known.get(all) ?? '');
    if (made) {
      // By the secret that has proven the request, or the newest.
      const names = proofs.map(({ secret }) => secret);
      const key = keys.find(({ fingerprint }) => names.includes(keyed(fingerprint))) ?? keys[0];
      const [, kind, hash = ''] = /^(\w+)-(\w+)$/.exec(made.algorithm) ?? [];
      const maker = kind === 'hmac' ? createHmac(hash, key?.object as KeyObject) : createHash(hash);
      known.set('{made}', maker.update(fill(made.of)).digest(made.encoding));
    }
    const fillIn = (_: string, one: unknown) => (typeof one === 'string' ? fill(one) : one);
    const written = writeAnswer(JSON.parse(JSON.stringify(answer), fillIn));
    const brought = brings && { ...brings, text: fill(brings.text) };
    return { made, brings: brought, isProven: signed === true, written };
  }
}

function isOneOf(secrets: readonly string[] = [], given: string): boolean {
  return indexOfDigest(digestOf(given), secrets.map(digestOf)) >= 0;
}
