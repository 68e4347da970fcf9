/**
 * The forms in which providers write an HMAC into a header. hmac.ts decides what counts; here a value is read as it stands.
 *
 *   plain         <prefix><MAC>                      MAC over   <body>
 *   timestamped   t=<unix seconds>,v1=<MAC>[,…]      MAC over   <t>.<body>      up to eight v1, any may match
 *
 * The timestamped form is Stripe's, and so is its rule: whatever is not a `v1` of our shape is passed over, so a provider may
 * add a version while it changes its signature. What is no list of pairs is refused.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { HmacForm } from './preset.ts';

const MAC_BYTES = { sha256: 32, sha1: 20 } as const;
const TIMESTAMP = /^[1-9]\d{9}$/;
const SIGNATURES_MAX = 8;

/** A header as it was read: one timestamp text or none, and one or more MACs. Nothing of it is proven yet. */
export interface Claim {
  readonly form: HmacForm;
  readonly value: string;
  readonly timestamp: string | undefined;
  readonly macs: readonly Buffer[];
}

/** Undefined if the value is not exactly of the form. */
export function readClaim(form: HmacForm, value: string): Claim | undefined {
  return form.layout === 'plain' ? readPlain(form, value) : readTimestamped(form, value);
}

export function macOver(form: HmacForm, timestamp: string | undefined, key: KeyObject, body: Buffer): Buffer {
  const mac = createHmac(form.algorithm, key);
  if (timestamp !== undefined) mac.update(`${timestamp}.`);
  return mac.update(body).digest();
}

/** The signed time in the value of a timestamped header, in unix seconds; undefined in any other. */
export function signedSecondsIn(value: string): number | undefined {
  const text = /(?:^|,)t=([1-9]\d{9})(?:,|$)/.exec(value)?.[1];
  return text === undefined ? undefined : Number(text);
}

function readPlain(form: HmacForm, value: string): Claim | undefined {
  const mac = decodeMac(form, value.slice(form.prefix.length));
  return mac && { form, value, timestamp: undefined, macs: [mac] };
}

function readTimestamped(form: HmacForm, value: string): Claim | undefined {
  const timestamps: string[] = [];
  const signatures: string[] = [];
  for (const pair of value.split(',')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = pair.slice(at + 1);
    if (at < 1 || name.trim() !== name) return undefined;
    if (name === 't') timestamps.push(text);
    if (name === 'v1') signatures.push(text);
  }
  const [timestamp] = timestamps;
  if (timestamps.length !== 1 || timestamp === undefined || !TIMESTAMP.test(timestamp)) return undefined;
  if (signatures.length > SIGNATURES_MAX) return undefined;
  const macs = signatures.flatMap((text) => decodeMac(form, text) ?? []);
  return macs.length > 0 ? { form, value, timestamp, macs } : undefined;
}

/** Node decodes leniently: odd nibbles, trailing junk and other alphabets all pass. Only the exact form may. */
function decodeMac(form: HmacForm, text: string): Buffer | undefined {
  const mac = Buffer.from(text, form.encoding);
  if (mac.length !== MAC_BYTES[form.algorithm]) return undefined;
  const canonical = mac.toString(form.encoding);
  return canonical === (form.encoding === 'hex' ? text.toLowerCase() : text) ? mac : undefined;
}
