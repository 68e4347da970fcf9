/**
 * The scheme `hmac`: a MAC over the raw bytes, in a header of the provider's form (hmac-form.ts). Refuses with 401.
 *
 * The first header of the preset that is present decides alone: a good weaker one never mends a bad stronger one.
 * Every live secret is tried on every signature before the answer is known.
 */
import { createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { fingerprintOf } from './fingerprint.ts';
import { type Claim, macOver, readClaim } from './hmac-form.ts';
import type { HmacForm, Preset } from './preset.ts';
import type { CheckSettings, SecretRow, Signed } from './schemes.ts';
import { type BodyCheck, type Head, headerLines, Rejection, type Verifier } from './verifier.ts';

const HMAC_REFUSALS = {
  hmac_missing: {
    status: 401,
    says: 'the signature header is missing',
    asks: 'is the signature switched on at the provider, or does a proxy drop headers?',
    fix: 'Compare what the provider is set up to send with what `npm run check` says is verified. Some sign only once their staff have switched that on: see the section of the source in `.env.example`.',
  },
  hmac_repeated: {
    status: 401,
    says: 'the signature header is there more than once',
    asks: 'does a proxy add it again?',
    fix: 'Have the proxy leave that header alone. Without a proxy somebody is trying something.',
  },
  hmac_malformed: {
    status: 401,
    says: 'the signature header is not of the provider’s form',
    asks: 'has the sender changed how it proves itself?',
    fix: '`npm run events -- refused list --source <source>` says what came: it is another sender, or the provider has a new form.',
  },
  hmac_sha1: {
    status: 401,
    mayBeGenuine: true,
    says: 'the signature is SHA-1, which is not allowed',
    asks: 'does the sender sign with nothing better?',
    fix: 'Have it send SHA-256 as well; if it cannot, set `…_ALLOW_SHA1=true`.',
  },
  hmac_mismatch: {
    status: 401,
    mayBeGenuine: true,
    says: 'the signature does not match any live secret',
    asks: 'was the secret rotated?',
    fix: 'Put what the provider uses now into `…_WEBHOOK_SECRET` and the one before it into `…_WEBHOOK_SECRET_PREVIOUS`, or both into its file; what was refused is then judged again. `npm run secret -- rotate <source>` leads through it. If it was not rotated: is it the secret of this endpoint, and does no proxy rewrite bodies?',
  },
  hmac_timestamp: {
    status: 401,
    mayBeGenuine: true,
    says: 'the signed timestamp is too far from our clock',
    asks: 'is the clock of this machine right?',
    fix: 'Let it follow a time server: `timedatectl` says whether it does. If it is right, the sender’s clock is wrong, or these are replays.',
  },
} as const satisfies SecretRow['refusals'];

export const HMAC = {
  name: 'hmac',
  setting: 'WEBHOOK_SECRET',
  holds: 'secrets',
  headersOf: ({ hmac: forms }) => forms.map(({ header }) => header.toLowerCase()),
  build: ({ preset, ...settings }): Verifier => hmac(preset.hmac, settings),
  formsOf: ({ hmac: forms }, allowSha1) =>
    forms.filter(({ algorithm }) => allowSha1 || algorithm !== 'sha1').map(nameOfForm),

  sign(secret, body, nowMs, { hmac: [form] }): Signed {
    return form ? { headers: { [form.header]: signHmac(form, secret, body, nowMs) } } : {};
  },
  recheck(proof, secret, body, receivedAt, preset): boolean {
    const [header = ''] = (proof.form ?? '').split(' ');
    // It was in time when it came, and SHA-1 was allowed if it is one, or it would not have been kept.
    const options = { secrets: [secret], allowSha1: true, toleranceSeconds: Number.POSITIVE_INFINITY };
    const rawHeaders = [header, proof.signature ?? ''];
    try {
      hmac(preset.hmac, options)({ receivedAt, address: undefined, query: '', rawHeaders })(body);
      return true;
    } catch {
      return false;
    }
  },
  rotation: {
    after: ['Give it to the sender, who signs with it from now on.'],
    old: 'The old one works here as long as it is live here.',
  },
  refusals: HMAC_REFUSALS,
} as const satisfies SecretRow;

type HmacOptions = Pick<CheckSettings, 'secrets' | 'allowSha1' | 'toleranceSeconds'>;

export function hmac(forms: readonly HmacForm[], options: HmacOptions): (head: Head) => BodyCheck {
  const keys = options.secrets.map((secret) => createSecretKey(secret, 'utf8'));
  const fingerprints = options.secrets.map(fingerprintOf);
  const byName = Map.groupBy(forms, ({ header }) => header.toLowerCase());
  const names = [...byName.keys()];
  return function verifyHmac(head): BodyCheck {
    const claim = claimIn(head);
    return function verifyMac(body) {
      const secret = fingerprints[matching(claim, keys, body)];
      if (secret === undefined) throw new Rejection('hmac_mismatch');
      if (claim.timestamp !== undefined) checkTime(claim.timestamp, head.receivedAt);
      const { value: signature, form } = claim;
      return { scheme: 'hmac', secret, form: nameOfForm(form), signature };
    };
  };

  function claimIn(head: Head): Claim {
    for (const name of names) {
      const lines = headerLines(head.rawHeaders, name);
      if (lines.length > 1) throw new Rejection('hmac_repeated', `${name} is there more than once`);
      if (lines.length === 1) return claimOf(name, lines[0] as string);
    }
    throw new Rejection('hmac_missing', `${names.join(' or ')} is missing`);
  }

  function claimOf(name: string, value: string): Claim {
    const form = byName.get(name)?.find((candidate) => value.startsWith(candidate.prefix));
    if (form?.algorithm === 'sha1' && !options.allowSha1) throw new Rejection('hmac_sha1');
    const claim = form && readClaim(form, value);
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

/** Whether a signature of the provider's form is there, as anybody can write one. */
export function bearsSignature(
  { hmac: forms }: Pick<Preset, 'hmac'>,
  rawHeaders: readonly string[],
): boolean {
  return forms.some((form) => {
    const [value, ...more] = headerLines(rawHeaders, form.header.toLowerCase());
    if (value === undefined || more.length > 0 || !value.startsWith(form.prefix)) return false;
    return readClaim(form, value) !== undefined;
  });
}

/** Writes the header value that the provider would send, and that `hmac` accepts. */
function nameOfForm({ header, algorithm }: HmacForm): string {
  return `${header} ${algorithm}`;
}

export function signHmac(form: HmacForm, secret: string, body: Buffer, nowMs: number): string {
  const timestamp = form.layout === 'timestamped' ? String(Math.floor(nowMs / 1000)) : undefined;
  const mac = macOver(form, timestamp, createSecretKey(secret, 'utf8'), body).toString(form.encoding);
  return timestamp === undefined ? form.prefix + mac : `t=${timestamp},v1=${mac}`;
}

/** The index of the key that makes one of the MACs, or -1. Every key is tried on every MAC, also after a match. */
function matching(claim: Claim, keys: readonly KeyObject[], body: Buffer): number {
  let found = -1;
  for (const [at, key] of keys.entries()) {
    const expected = macOver(claim.form, claim.timestamp, key, body);
    for (const mac of claim.macs) if (timingSafeEqual(expected, mac)) found = at;
  }
  return found;
}
