/**
 * Checks the signature of a request by the forms of its preset. The schemes `hmac` and `signature` are made of it.
 *
 * The first place that a request fills decides alone: a good weaker signature never mends a bad stronger one. Where several forms
 * fit one value, each is tried; flaws.ts has seen to it that they are equally strong. Every live secret is tried on every
 * signature before the answer is known.
 */
import { hash } from 'node:crypto';
import type { RefusalCode } from '../refusals.ts';
import { type BodyCheck, type Head, headerLines, type Proof, Rejection, whenKnown } from '../verifier.ts';
import { type Claim, digestNamed, hasPrefix, isMeant, signedTimeOf, valueNamed } from './claim.ts';
import { type HeadFacts, SignedBody } from './parts.ts';
import { type KeyedForm, matching, type PlaceForms, placesOf, valueInside } from './places.ts';
import type { PublishedKeys } from './published.ts';
import { type CompiledForm, signedHeaders } from './reading.ts';
import { digestOfTexts, knownPieces, piecesOf } from './signed.ts';
import { readSignatures } from './value.ts';
import { isSha1, type PublicAlgorithm, type SignatureForm } from './vocabulary.ts';

export interface FormSettings extends Pick<HeadFacts, 'publicUrl' | 'values'> {
  readonly secrets: readonly string[];
  readonly allowSha1: boolean;
  readonly toleranceSeconds: number;
  /** A person's wish: signed times may be so far off, whatever the form says. */
  readonly leewaySeconds?: number;
  /** Finds the keys that are published, if there is no secret. */
  readonly published?: Pick<PublishedKeys, 'find'> | undefined;
}

const NONE: readonly string[] = [];

/** `scheme`: the beginning of the codes. */
export function verifyForms(
  scheme: 'hmac' | 'signature',
  forms: readonly SignatureForm[],
  settings: FormSettings,
): (head: Head) => BodyCheck {
  const checker = new FormChecker(scheme, forms, settings);
  return function verifyHead(head) {
    return checker.check(head);
  };
}

class FormChecker {
  readonly #scheme: 'hmac' | 'signature';
  readonly #settings: FormSettings;
  readonly #places: readonly PlaceForms[];
  readonly #inBody: readonly PlaceForms[];
  readonly #fetches: boolean;

  constructor(scheme: 'hmac' | 'signature', forms: readonly SignatureForm[], settings: FormSettings) {
    this.#scheme = scheme;
    this.#settings = settings;
    this.#places = placesOf(forms, settings.secrets);
    this.#inBody = this.#places.filter(({ headers }) => headers.length === 0);
    this.#fetches = settings.secrets.length === 0;
  }

  check(head: Head): BodyCheck {
    for (const place of this.#places) {
      const lines = this.#linesAt(place.headers, head, place.mayRepeat);
      if (lines.length === 0) continue;
      const claims = this.#claimsIn(place, lines, head);
      return (bytes) => this.#judge(claims, new SignedBody(bytes), head);
    }
    if (this.#inBody.length === 0) throw this.#missing();
    return (bytes) => this.#checkInside(new SignedBody(bytes), head);
  }

  #checkInside(body: SignedBody, head: Head): Proof | Promise<Proof> {
    for (const place of this.#inBody) {
      const value = valueInside(place.forms[0].form, body);
      if (value === undefined) continue;
      const forms = place.forms.filter(({ form }) => isMeant(form, body, this.#settings.values));
      return this.#judge(this.#claimsIn({ ...place, forms }, ['', value], head), body, head);
    }
    throw this.#missing();
  }

  #judge(claims: readonly Claim[], body: SignedBody, head: Head): Proof | Promise<Proof> {
    if (!this.#fetches) return this.#prove(claims, body, head);
    const found = claims.map((claim) => this.#keyed(claim, body, head));
    const isLater = found.some((claim) => claim instanceof Promise);
    const keyed = isLater ? Promise.all(found) : (found as Claim[]);
    return whenKnown(keyed, (known) => this.#prove(known, body, head));
  }

  /** With the keys that the provider publishes. What is wrong comes as a rejection: thrown, it would leave others behind unheard. */
  #keyed(claim: Claim, body: SignedBody, head: Head): Claim | Promise<Claim> {
    const { form, published, keyName } = claim.form;
    if (!published) return claim;
    const { kind, name: at = '' } = keyName ?? {};
    const name = kind === 'member' ? body.member(at) : valueNamed(claim.lines, at);
    if (keyName && name === undefined) return Promise.reject(this.#refused('malformed', `${at} is missing`));
    const finder = this.#settings.published;
    if (!finder) return Promise.reject(new Rejection('keys_unavailable', 'no keys are fetched here'));
    const algorithm = form.algorithm as PublicAlgorithm;
    const found = finder.find(published, algorithm, name, head);
    return whenKnown(found, (keys) => ({ ...claim, keys }));
  }

  #refused(code: string, reason?: string): Rejection {
    return new Rejection(`${this.#scheme}_${code}` as RefusalCode, reason);
  }

  #missing(): Rejection {
    return this.#refused('missing', `${this.#places.map(({ name }) => name).join(' or ')} is missing`);
  }

  /** Names and values of the headers that are there. */
  #linesAt(names: readonly string[], { rawHeaders }: Head, mayRepeat = false): readonly string[] {
    const found: string[] = [];
    for (const name of names) {
      const lines = headerLines(rawHeaders, name);
      if (lines.length > 1 && !mayRepeat) throw this.#refused('repeated', `${name} is there more than once`);
      for (const line of lines) found.push(name, line);
    }
    return found;
  }

  #claimsIn(
    place: Pick<PlaceForms, 'name'> & { forms: readonly KeyedForm[] },
    lines: readonly string[],
    head: Head,
  ): Claim[] {
    const claims: Claim[] = [];
    let wrong = '';
    for (const form of place.forms) {
      const isWeak = isSha1(form.form) && !this.#settings.allowSha1;
      if (isWeak && !hasPrefix(lines, form.prefix)) continue;
      const claim = isWeak ? 'SHA-1' : this.#claimOf(form, lines, head);
      if (typeof claim === 'object') claims.push(claim);
      else wrong = claim ?? wrong;
    }
    if (claims.length > 0) return claims;
    if (wrong === 'SHA-1') throw this.#refused('sha1');
    throw this.#refused('malformed', wrong || `${place.name} is not of the provider’s form`);
  }

  /** Undefined if no value is of the form; in words, if something else is missing. */
  #claimOf(form: KeyedForm, lines: readonly string[], head: Head): Claim | string | undefined {
    let signatures: readonly Buffer[] = [];
    let time: string | undefined;
    for (let at = 1; at < lines.length; at += 2) {
      const read = readSignatures(form, lines[at] as string);
      if (!read) continue;
      signatures = at === 1 ? read.signatures : [...signatures, ...read.signatures];
      time = read.time;
    }
    if (signatures.length === 0 || digestNamed(form, head) === '') return undefined;
    const others =
      form.others.length === 0 ? NONE : this.#linesAt(signedHeaders(form, head.rawHeaders), head);
    if (form.time?.kind === 'header') time = valueNamed(others, form.time.name);
    if (form.time && form.time.kind !== 'member' && signedTimeOf(form, time) === undefined)
      return form.time.kind === 'header' ? `${form.time.name} is missing, or no time` : undefined;
    const { publicUrl, values } = this.#settings;
    const pieces = piecesOf(form, { head, publicUrl, values });
    if (typeof pieces === 'string') return pieces;
    const more = lines.length > 2 ? [...lines.slice(2), ...others] : others;
    return { form, keys: form.keys, signatures, pieces, time, value: lines[1] as string, lines: more };
  }

  #prove(claims: readonly Claim[], body: SignedBody, head: Head): Proof {
    for (const claim of claims) {
      const { form, keys, value: signature, lines } = claim;
      const digest = digestNamed(form, head);
      if (digest !== undefined && digest !== hash('sha256', body.bytes, 'hex')) continue;
      const time = form.time?.kind === 'member' ? body.member(form.time.name) : claim.time;
      const pieces = knownPieces(claim.pieces, body, time ?? '');
      const key = pieces && matching(form, keys, claim.signatures, pieces);
      if (!key) continue;
      if (form.time) this.#checkTime(form, time, head.receivedAt);
      const said = form.signsText ? { claims: digestOfTexts(claim.pieces, body) } : undefined;
      const proof: Proof = { scheme: this.#scheme, secret: key.fingerprint, form: form.label, ...said };
      if (!form.isEvidence || !this.#isUrlKnown(form, head)) return proof;
      return lines.length === 0 ? { ...proof, signature } : { ...proof, signature, lines };
    }
    throw this.#refused('mismatch');
  }

  /** A query is never stored, so what was signed with one that is not registered cannot be checked again. */
  #isUrlKnown({ signsUrl }: CompiledForm, { query }: Head): boolean {
    return !signsUrl || query === '' || (this.#settings.publicUrl ?? '').endsWith(`?${query}`);
  }

  #checkTime(compiled: CompiledForm, text: string | undefined, receivedAt: number): void {
    const { time } = compiled.form;
    const at = signedTimeOf(compiled, text);
    if (at === undefined) throw this.#refused('malformed', `${time?.from} is missing, or no time`);
    const seconds = Math.floor(receivedAt / 1_000) - Math.floor(at / 1_000);
    const { toleranceSeconds = this.#settings.toleranceSeconds } = time ?? {};
    const most = Math.max(toleranceSeconds ?? Number.POSITIVE_INFINITY, this.#settings.leewaySeconds ?? 0);
    if (Math.abs(seconds) <= most) return;
    const where = seconds > 0 ? `${seconds} s behind` : `${-seconds} s ahead of`;
    throw this.#refused('timestamp', `the signed timestamp is ${where} our clock`);
  }
}
