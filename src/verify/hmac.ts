/**
 * The `hmac` scheme: a MAC over the raw bytes, in a header of the provider's form. Refuses with 401.
 *
 *   plain         <prefix><MAC>                      MAC over   <body>
 *   timestamped   t=<unix seconds>,v1=<MAC>[,…]      MAC over   <t>.<body>      up to eight v1, any may match
 *
 * The first header of the preset that is present decides alone: a good weaker one never mends a bad stronger one.
 * Every live secret is tried on every signature before the answer is known.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { fingerprintOf } from './fingerprint.ts';
import { headerLines } from './header-lines.ts';
import type { HmacForm } from './preset.ts';
import { Rejection } from './refusals.ts';
import type { BodyCheck, Head, Verifier } from './verifier.ts';

const MAC_BYTES = { sha256: 32, sha1: 20 } as const;
const TIMESTAMP = /^[1-9]\d{9}$/;
const SIGNATURES_MAX = 8;

export interface HmacOptions {
  readonly secrets: readonly string[];
  readonly allowSha1: boolean;
  readonly toleranceSeconds: number;
}

/** What the header claims: one timestamp text or none, and one or more MACs. */
interface Claim {
  readonly form: HmacForm;
  readonly value: string;
  readonly timestamp: string | undefined;
  readonly macs: readonly Buffer[];
}

export function hmac(forms: readonly HmacForm[], options: HmacOptions): Verifier {
  const keys = options.secrets.map((secret) => createSecretKey(secret, 'utf8'));
  const fingerprints = options.secrets.map(fingerprintOf);
  const names = [...new Set(forms.map((form) => form.header.toLowerCase()))];
  const byName = new Map(
    names.map((name) => [name, forms.filter((form) => form.header.toLowerCase() === name)]),
  );
  return function verifyHmac(head): BodyCheck {
    const claim = readClaim(head);
    return function verifyMac(body) {
      const secret = fingerprints[matching(claim, keys, body)];
      if (secret === undefined) throw new Rejection('hmac_mismatch');
      if (claim.timestamp !== undefined) checkTime(claim.timestamp, head.receivedAt);
      return { scheme: 'hmac', secret, form: nameOf(claim.form), signature: claim.value };
    };
  };

  function readClaim(head: Head): Claim {
    for (const name of names) {
      const lines = headerLines(head.rawHeaders, name);
      if (lines.length > 1) throw new Rejection('hmac_repeated', `${name} is there more than once`);
      if (lines.length === 1) return parse(name, lines[0] as string);
    }
    throw new Rejection('hmac_missing', `${names.join(' or ')} is missing`);
  }

  function parse(name: string, value: string): Claim {
    const form = byName.get(name)?.find((candidate) => value.startsWith(candidate.prefix));
    if (form?.algorithm === 'sha1' && !options.allowSha1) throw new Rejection('hmac_sha1');
    const claim = form && (form.layout === 'plain' ? parsePlain(form, value) : parseTimestamped(form, value));
    if (!claim) throw new Rejection('hmac_malformed', `${name} is not of the provider’s form`);
    return claim;
  }

  function checkTime(timestamp: string, receivedAt: number): void {
    const seconds = Math.floor(receivedAt / 1000) - Number(timestamp);
    if (Math.abs(seconds) <= options.toleranceSeconds) return;
    const where = seconds > 0 ? `${seconds} s behind` : `${-seconds} s ahead of`;
    throw new Rejection('hmac_timestamp', `the signed timestamp is ${where} our clock`);
  }
}

/** Writes the header value that `hmac` accepts for this form: what the provider would send. */
export function signHmac(form: HmacForm, secret: string, body: Buffer, nowMs: number): string {
  const timestamp = form.layout === 'timestamped' ? String(Math.floor(nowMs / 1000)) : undefined;
  const mac = macOver(form, timestamp, createSecretKey(secret, 'utf8'), body).toString(form.encoding);
  return timestamp === undefined ? form.prefix + mac : `t=${timestamp},v1=${mac}`;
}

/** The signed time in the value of a timestamped header, in unix seconds; undefined in any other. */
export function signedSecondsIn(value: string): number | undefined {
  const text = /(?:^|,)t=([1-9]\d{9})(?:,|$)/.exec(value)?.[1];
  return text === undefined ? undefined : Number(text);
}

function parsePlain(form: HmacForm, value: string): Claim | undefined {
  const mac = decodeMac(form, value.slice(form.prefix.length));
  return mac && { form, value, timestamp: undefined, macs: [mac] };
}

function parseTimestamped(form: HmacForm, value: string): Claim | undefined {
  const timestamps: string[] = [];
  const macs: Buffer[] = [];
  for (const pair of value.split(',')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = pair.slice(at + 1);
    if (at < 1 || name.trim() !== name) return undefined;
    if (name === 't') timestamps.push(text);
    if (name === 'v1') {
      const mac = decodeMac(form, text);
      if (!mac) return undefined;
      macs.push(mac);
    }
  }
  const [timestamp] = timestamps;
  if (timestamps.length !== 1 || timestamp === undefined || !TIMESTAMP.test(timestamp)) return undefined;
  return macs.length >= 1 && macs.length <= SIGNATURES_MAX ? { form, value, timestamp, macs } : undefined;
}

/** Node decodes leniently: odd nibbles, trailing junk and other alphabets all pass. Only the exact form may. */
function decodeMac(form: HmacForm, text: string): Buffer | undefined {
  const mac = Buffer.from(text, form.encoding);
  if (mac.length !== MAC_BYTES[form.algorithm]) return undefined;
  const canonical = mac.toString(form.encoding);
  return canonical === (form.encoding === 'hex' ? text.toLowerCase() : text) ? mac : undefined;
}

/** Which key makes one of the MACs; -1 if none does. */
function matching(claim: Claim, keys: readonly KeyObject[], body: Buffer): number {
  let found = -1;
  for (const [at, key] of keys.entries()) {
    const expected = macOver(claim.form, claim.timestamp, key, body);
    for (const mac of claim.macs) if (timingSafeEqual(expected, mac)) found = at;
  }
  return found;
}

/** As in evidence and metrics: `X-Hub-Signature sha1`. */
function nameOf({ header, algorithm }: HmacForm): string {
  return `${header} ${algorithm}`;
}

function macOver(form: HmacForm, timestamp: string | undefined, key: KeyObject, body: Buffer): Buffer {
  const mac = createHmac(form.algorithm, key);
  if (timestamp !== undefined) mac.update(`${timestamp}.`);
  return mac.update(body).digest();
}
