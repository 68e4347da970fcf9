/**
 * Reads the settings that a source's handshakes name, and makes of them what http/handshakes.ts answers by.
 *
 * `<SOURCE>_VERIFY=handshake` has a source wait for a secret that its provider hands over: it is on, and takes no event until the
 * secret stands in its setting. What comes meanwhile is refused with 401, kept, and judged again by it.
 */
import { type EnvironmentReading, textOf } from '../../base/settings/environment.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import { formSecretsOf, needsNoSignature, type SourceChecks } from '../../verify/checks.ts';
import { handshakeSettings } from '../../verify/handshake-words.ts';
import type { Preset } from '../../verify/preset.ts';
import type { Verifier } from '../../verify/verifier.ts';
import type { HandshakeRules } from '../http/handshakes.ts';
import { settingOf } from './proving.ts';
import type { SourceConfig } from './source.ts';

/** Stands in `…_VERIFY` for the secret that is to come. */
export const BY_HANDSHAKE = 'handshake';

/** A handshake that lacks its setting is not answered, which is a warning. */
export function readHandshakeSettings(
  { prefix, preset, isOn }: { prefix: string; preset: Preset; isOn: boolean },
  settings: EnvironmentReading,
) {
  const { secrets, values, optional } = handshakeSettings(preset);
  const missing = (name: string) => {
    const wrong = `is not set, so ${preset.title}'s handshake is not answered`;
    const fix = 'Choose or copy it there: docs/providers.md says what it is.';
    if (isOn && !optional.includes(name))
      settings.warnings.push({ setting: settingOf(prefix, name), wrong, fix });
  };
  const readSecret = (name: string) => {
    const { live, set } = readSecrets(settingOf(prefix, name), settings);
    if (!set) missing(name);
    return [name, live] as const;
  };
  const readValue = (name: string) => {
    const value = textOf(settings.environment, settingOf(prefix, name));
    if (value === undefined) missing(name);
    return value === undefined ? [] : [[name, value] as const];
  };
  return {
    handshakeSecrets: Object.fromEntries(secrets.map(readSecret)),
    handshakeValues: Object.fromEntries(values.flatMap(readValue)),
  };
}

/** Whether a preset's secret may come by a handshake. */
export function bringsSecret({ handshakes = [] }: Pick<Preset, 'handshakes'>): boolean {
  return handshakes.some(({ brings, signed }) => brings !== undefined && signed !== true);
}

type GreetedSource = SourceChecks &
  Pick<SourceConfig, 'prefix' | 'handshakeSecrets' | 'handshakeValues' | 'takesSecrets'>;

/** `verifiers`: those of its schemes, in their order. Undefined if the preset has no handshakes. */
export function handshakeRulesOf(
  source: GreetedSource,
  verifiers: readonly Verifier[],
  keyed: (plain: string) => string,
): HandshakeRules | undefined {
  const { preset, schemes, publicUrl, prefix, takesSecrets } = source;
  if (!preset.handshakes) return undefined;
  return {
    live: formSecretsOf(source),
    keyed,
    secrets: source.handshakeSecrets,
    values: source.handshakeValues,
    publicUrl,
    verifiers: verifiers.filter((_, at) => needsNoSignature(String(schemes[at]))),
    takesSecrets,
    takingSetting: `${prefix}_VERIFY is ${[...schemes, BY_HANDSHAKE].join(',')}`,
  };
}
