/**
 * The schemes of signatures over what came: `hmac` by a secret that both sides have, `signature` by the provider's public key. Both
 * are made of the forms of the preset (form/verifier.ts), and both refuse with 401. Which of the two a preset has follows from
 * its forms; where it has some of either kind, from what the newest secret is.
 *
 * Under `hmac` stand also the forms in which the secret is digested with the body, or sent as it is: it is shared there too.
 */
import { isEither, keyWords, looksPublic, readFormKeys } from './form/key.ts';
import { compileForm } from './form/reading.ts';
import { signForm } from './form/signed.ts';
import { type FormScheme, type FormSettings, verifyForms } from './form/verifier.ts';
import { isAsymmetric, isSha1, placeHeaders, type SignatureForm } from './form/vocabulary.ts';
import type { Preset } from './preset.ts';
import type { SecretRow } from './schemes.ts';
import type { BodyCheck, Head } from './verifier.ts';

const MISSING = {
  status: 401,
  says: 'the signature header is missing',
  asks: 'is the signature switched on at the provider, or does a proxy drop headers?',
  fix: 'Compare what the provider is set up to send with what `npm run check` says is verified. Some sign only once their staff have switched that on: see the section of the source in `.env.example`.',
} as const;
const REPEATED = {
  status: 401,
  says: 'the signature header is there more than once',
  asks: 'does a proxy add it again?',
  fix: 'Have the proxy leave that header alone. Without a proxy somebody is trying something.',
} as const;
const MALFORMED = {
  status: 401,
  says: 'the signature header is not of the provider’s form',
  asks: 'has the sender changed how it proves itself?',
  fix: '`npm run events -- refused list --source <source>` says what came: it is another sender, or the provider has a new form.',
} as const;
const MISMATCH = {
  status: 401,
  mayBeGenuine: true,
  says: 'the signature does not match any live secret',
  asks: 'was the secret rotated?',
  fix: 'Put what the provider uses now into `…_WEBHOOK_SECRET` and the one before it into `…_WEBHOOK_SECRET_PREVIOUS`, or both into its file; what was refused is then judged again. `npm run secret -- rotate <source>` leads through it. If it was not rotated: is it the secret of this endpoint, and does no proxy rewrite bodies?',
} as const;
const TIMESTAMP = {
  status: 401,
  mayBeGenuine: true,
  says: 'the signed timestamp is too far from our clock',
  asks: 'is the clock of this machine right?',
  fix: 'Let it follow a time server: `timedatectl` says whether it does. If it is right, the sender’s clock is wrong, or these are replays.',
} as const;
const SHA1 = {
  status: 401,
  mayBeGenuine: true,
  says: 'the signature is SHA-1, which is not allowed',
  asks: 'does the sender sign with nothing better?',
  fix: 'Have it send SHA-256 as well; if it cannot, set `…_ALLOW_SHA1=true`.',
} as const;

export const HMAC = {
  ...formRow('hmac'),
  name: 'hmac',
  rotation: {
    after: ['Give it to the sender, who signs with it from now on.'],
    old: 'The old one works here as long as it is live here.',
  },
  refusals: {
    hmac_missing: MISSING,
    hmac_repeated: REPEATED,
    hmac_malformed: MALFORMED,
    hmac_sha1: SHA1,
    hmac_mismatch: MISMATCH,
    hmac_timestamp: TIMESTAMP,
  },
} as const satisfies SecretRow;

export const SIGNATURE = {
  ...formRow('signature'),
  name: 'signature',
  rotation: {
    before: ['Have the provider make a new pair of keys, and copy its public key.'],
    after: [],
    old: 'The old key works here as long as it is live here.',
  },
  arePublic: () => true,
  refusals: {
    signature_missing: MISSING,
    signature_repeated: REPEATED,
    signature_malformed: MALFORMED,
    signature_sha1: SHA1,
    signature_mismatch: {
      ...MISMATCH,
      says: 'the signature does not match any live public key',
      asks: 'has the provider changed its key?',
    },
    signature_timestamp: TIMESTAMP,
  },
} as const satisfies SecretRow;

function formRow(scheme: FormScheme) {
  const ours = (forms: Preset['forms']) =>
    forms.filter((form) => isAsymmetric(form) === (scheme === 'signature'));
  return {
    setting: 'WEBHOOK_SECRET',
    holds: 'secrets',
    headersOf: ({ forms }) =>
      ours(forms)
        .flatMap(({ in: place }) => placeHeaders(place))
        .map((name) => name.toLowerCase()),
    formsOf: ({ forms }, allowSha1) =>
      ours(forms)
        .filter((form, _, all) => allowSha1 || !isSha1(form) || all.every(isSha1))
        .map((form) => compileForm(form).label),
    isFor: ({ forms }, [newest]) => forms.length > 0 && schemeFor(forms, newest) === scheme,
    mistake(secret, { forms }) {
      const its = ours(forms);
      if (scheme === 'hmac' && looksPublic(secret))
        return {
          wrong: 'is a public key, with which anybody could sign',
          fix: 'Put the secret there that is shared.',
        };
      if (its.length < forms.length && isEither(secret))
        return {
          wrong: 'may be a secret or a public key',
          fix: 'Write whsec_ before it if it is the secret that is shared, and whpk_ if it is the public key.',
        };
      if (its.length === 0 || its.some((form) => readFormKeys(form, secret).length > 0)) return undefined;
      const fix = `Copy the one that belongs to this endpoint anew: it is ${keyWords(its[0] as SignatureForm)}.`;
      return { wrong: `is not ${keyWords(its[0] as SignatureForm)}`, fix };
    },
    build({ preset, allowSha1, ...settings }) {
      const forms = ours(preset.forms);
      // Where a provider has nothing better there is nothing to fall back from.
      return verifyForms(scheme, forms, { ...settings, allowSha1: allowSha1 || forms.every(isSha1) });
    },
    sign(secret, body, nowMs, { preset, ...facts }) {
      const [form] = ours(preset.forms);
      return form ? { headers: signForm(form, secret, body, { ...facts, nowMs }) } : {};
    },
    recheck(proof, secret, body, receivedAt, { preset, ...facts }) {
      const header = (proof.form ?? '').replace(/ [^ ]+$/, '');
      const rawHeaders = [header, proof.signature ?? '', ...(proof.lines ?? [])];
      // It was in time when it came, and SHA-1 was allowed if it is one, or it would not have been kept.
      const leave = { allowSha1: true, toleranceSeconds: 0, leewaySeconds: Number.POSITIVE_INFINITY };
      try {
        const verify = verifyForms(scheme, ours(preset.forms), { ...facts, ...leave, secrets: [secret] });
        verify({ receivedAt, address: undefined, query: '', rawHeaders })(body);
        return true;
      } catch {
        return false;
      }
    },
  } as const satisfies Omit<SecretRow, 'name' | 'rotation' | 'refusals'>;
}

/** Without a secret that tells, what the first form asks for. */
function schemeFor(forms: Preset['forms'], newest: string | undefined): FormScheme {
  const kinds = new Set(forms.map(isAsymmetric));
  if (kinds.size < 2) return kinds.has(true) ? 'signature' : 'hmac';
  return newest !== undefined && looksPublic(newest) ? 'signature' : 'hmac';
}

/** The scheme `hmac` alone, of these forms. */
export function hmac(forms: Preset['forms'], settings: FormSettings): (head: Head) => BodyCheck {
  return verifyForms('hmac', forms, settings);
}

/** Writes the header value that the provider would send, and that `hmac` accepts. */
export function signHmac(form: SignatureForm, secret: string, body: Buffer, nowMs: number): string {
  return signForm(form, secret, body, { nowMs })[placeHeaders(form.in)[0] as string] as string;
}
