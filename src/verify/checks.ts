/**
 * Reads the table of schemes for everybody else: the verifiers of a source, the headers that carry its credentials, the
 * settings that switch it on, and the proof that `send` adds to a body.
 */
import { fingerprintOf } from './fingerprint.ts';
import type { FollowedNames } from './followed-names.ts';
import type { PublishedKeys } from './form/published.ts';
import { compileForm } from './form/reading.ts';
import { HMAC, SIGNATURE } from './hmac.ts';
import type { Preset } from './preset.ts';
import { QUERY_TOKEN } from './query-token.ts';
import {
  type CheckSettings,
  SCHEMES,
  type Scheme,
  type SchemeRow,
  type SecretRow,
  type SecretScheme,
  type Signed,
} from './schemes.ts';
import { type BodyCheck, type Proof, Rejection, type Verifier } from './verifier.ts';

export interface SourceChecks
  extends Pick<CheckSettings, 'allowFrom' | 'allowSha1' | 'publicUrl' | 'values'> {
  readonly preset: Preset;
  /** In the order of the table; none: the source is off. */
  readonly schemes: readonly Scheme[];
  /** The ones among `schemes` that are only observed and refuse nothing. */
  readonly observed: readonly Scheme[];
  /** The live ones, newest first. */
  readonly secrets: Readonly<Partial<Record<SecretScheme, readonly string[]>>>;
}

const ROWS: readonly (SchemeRow & { readonly name: Scheme })[] = SCHEMES;

export const SECRET_ROWS: readonly (SecretRow & { readonly name: SecretScheme })[] = SCHEMES.filter(
  (row) => row.holds === 'secrets',
);

/** Whether a scheme checks by the forms of the preset. */
export function isForForms(scheme: string): boolean {
  return scheme === HMAC.name || scheme === SIGNATURE.name;
}

/** The settings that hold secrets, each once. */
export const SECRET_SETTINGS = [...new Set(SECRET_ROWS.map(({ setting }) => setting))];

/** The verifiers in the order of the table. From here on the host names of the allowlist are followed. */
export function verifiersOf(
  { schemes, observed, secrets, ...settings }: SourceChecks,
  toleranceSeconds: number,
  names: Pick<FollowedNames, 'follow'>,
  leewaySeconds = 0,
  published?: Pick<PublishedKeys, 'find'>,
): Verifier[] {
  const liveOf: Readonly<Partial<Record<Scheme, readonly string[]>>> = secrets;
  return ROWS.filter(({ name }) => schemes.includes(name)).map(({ name, build }) => {
    const verify = build({
      ...settings,
      secrets: liveOf[name] ?? [],
      toleranceSeconds,
      leewaySeconds,
      published,
      names,
    });
    return observed.includes(name) ? observe(name, verify) : verify;
  });
}

/**
 * A check that is only observed notes what it would have refused, but refuses nothing. So a new check can be tried while
 * others guard. The configuration sees to it that at least one check is enforced.
 */
function observe(scheme: Scheme, verify: Verifier): Verifier {
  return function verifyObserved(head) {
    return noting(() => {
      const result = verify(head);
      if (result instanceof Promise) return result.then(guarded, failed);
      return guarded(result);
    });
  };

  function guarded(result: Proof | BodyCheck): Proof | BodyCheck {
    if (typeof result !== 'function') return result;
    return (body) =>
      noting(() => {
        const proof = result(body);
        return proof instanceof Promise ? proof.then(withoutClaims).catch(failed) : withoutClaims(proof);
      });
  }

  function noting<T>(check: () => T): T | Proof {
    try {
      return check();
    } catch (error) {
      return failed(error);
    }
  }

  function failed(error: unknown): Proof {
    if (error instanceof Rejection) return { scheme, wouldRefuse: error.code };
    throw error;
  }
}

/** By what a check says that may fail no copy is known. */
function withoutClaims({ claims: _, ...proof }: Proof): Proof {
  return proof;
}

/** An address may be shared or forged upstream; a secret proves who sends. */
export function isProof(scheme: string): boolean {
  return SECRET_ROWS.some(({ name }) => name === scheme);
}

/** Whether a provider can pass the check with a request that it does not sign: its address, and what stands in its URL. */
export function needsNoSignature(scheme: string): boolean {
  return scheme === QUERY_TOKEN.name || !isProof(scheme);
}

/** The live secrets by which the forms of the preset are checked, newest first. */
export function formSecretsOf({ secrets }: Pick<SourceChecks, 'secrets'>): string[] {
  return SECRET_ROWS.flatMap(({ name }) => (isForForms(name) ? (secrets[name] ?? []) : []));
}

/** The schemes with secrets that a request has to pass. */
export function enforcedProofs({ schemes, observed }: Pick<SourceChecks, 'schemes' | 'observed'>): Scheme[] {
  return schemes.filter((scheme) => isProof(scheme) && !observed.includes(scheme));
}

/** Every proof of a request that there can be with the secrets that are live, by their plain fingerprints. */
export function possibleProofs({ schemes, secrets, preset, allowSha1 }: SourceChecks) {
  return SECRET_ROWS.filter(({ name }) => schemes.includes(name)).flatMap(({ name: scheme, formsOf }) =>
    (secrets[scheme] ?? []).flatMap((secret) =>
      (formsOf?.(preset, allowSha1) ?? ['']).map((form) => ({ scheme, secret: fingerprintOf(secret), form })),
    ),
  );
}

/** Lower-case names of the headers in which a sender's credentials come, whatever is checked at present. */
export function credentialHeadersOf(preset: Preset): string[] {
  return [...new Set(ROWS.flatMap((row) => row.headersOf(preset)))];
}

/** All headers that a check reads, but those that each request lists (judged-head.ts): by these a refused one is judged again. */
export function judgedHeadersOf(preset: Preset): string[] {
  return [
    ...new Set([...credentialHeadersOf(preset), ...preset.forms.flatMap((form) => compileForm(form).others)]),
  ];
}

/** Proves a body in every scheme for which there are secrets, with the newest of each, as the provider would. */
export async function proveBody(
  { secrets, ...source }: Pick<SourceChecks, 'preset' | 'secrets' | 'publicUrl' | 'values'>,
  body: Buffer,
  nowMs: number,
): Promise<Required<Signed>> {
  const all: Required<Signed> = { headers: {}, query: {} };
  for (const { name, sign } of SECRET_ROWS) {
    const [secret] = secrets[name] ?? [];
    if (secret === undefined) continue;
    const { headers, query } = await sign(secret, body, nowMs, source);
    Object.assign(all.headers, headers);
    Object.assign(all.query, query);
  }
  return all;
}
