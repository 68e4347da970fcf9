/** A source's verifiers, in the order they are asked: what is set is checked, all of it, the cheap checks first. */

import { type AllowEntry, namesIn } from './allow-entry.ts';
import type { FollowedNames } from './followed-names.ts';
import { hmac } from './hmac.ts';
import { ipAllowlist } from './ip-allowlist.ts';
import { jwt } from './jwt.ts';
import { observe } from './observe.ts';
import type { HmacForm } from './preset.ts';
import { queryToken } from './query-token.ts';
import type { Scheme, Verifier } from './verifier.ts';

export interface CheckSettings {
  readonly preset: { readonly hmac: readonly HmacForm[] };
  readonly schemes: readonly Scheme[];
  /** Those of `schemes` that refuse nothing. */
  readonly observed: readonly Scheme[];
  readonly allowFrom: readonly AllowEntry[];
  readonly tokens: readonly string[];
  readonly hmacSecrets: readonly string[];
  readonly jwtSecrets: readonly string[];
  readonly allowSha1: boolean;
}

/** Host names on the allowlist are followed from here on. */
export function verifiersOf(
  settings: CheckSettings,
  toleranceSeconds: number,
  names: Pick<FollowedNames, 'follow'>,
): Verifier[] {
  const { preset, allowFrom, tokens, hmacSecrets, jwtSecrets, allowSha1 } = settings;
  const build: Record<Scheme, () => Verifier> = {
    ip: () => {
      const named = namesIn(allowFrom);
      const rules = allowFrom.flatMap((entry) => entry.rules);
      return ipAllowlist(rules, named.length > 0 ? names.follow(named) : undefined);
    },
    token: () => queryToken(tokens),
    hmac: () => hmac(preset.hmac, { secrets: hmacSecrets, allowSha1, toleranceSeconds }),
    jwt: () => jwt({ secrets: jwtSecrets, toleranceSeconds }),
  };
  return settings.schemes.map((scheme) =>
    settings.observed.includes(scheme) ? observe(scheme, build[scheme]()) : build[scheme](),
  );
}
