/**
 * Reads the settings that a source's handshakes name, and makes of them what http/handshakes.ts answers by.
 *
 * `<SOURCE>_VERIFY=handshake` has a source wait for a secret that its provider hands over: it is on, and takes no event until the
 * secret stands in its setting. What comes meanwhile is refused with 401, kept, and judged again by it.
 */
import { type EnvironmentReading, textOf } from '../../base/settings/environment.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import { isForForms, needsNoSignature, type SourceChecks } from '../../verify/checks.ts';
import { BY_HANDSHAKE, handshakeSettings } from '../../verify/handshake.ts';
import { compileHandshakes } from '../../verify/handshake-answers.ts';
import type { Proof, Verifier } from '../../verify/verifier.ts';
import { settingOf } from './proving.ts';
import type { SourceConfig } from './source.ts';

type Configured = SourceChecks & Pick<SourceConfig, 'prefix' | 'handshakeTexts' | 'takesSecrets'>;

/** The texts of each, newest first. A handshake that lacks its setting is not answered, which is a warning. */
export function readHandshakeTexts(
  source: Pick<Configured, 'prefix' | 'preset' | 'publicUrl' | 'schemes'>,
  settings: EnvironmentReading,
): Configured['handshakeTexts'] {
  const { prefix, preset, publicUrl, schemes } = source;
  const texts = handshakeSettings(preset).map(({ name, isSecret, fallback }) => {
    const setting = settingOf(prefix, name);
    const value = name === 'publicUrl' ? publicUrl : textOf(settings.environment, setting);
    const ofValue = { live: [value ?? []].flat(), set: value !== undefined };
    const { live, set } = isSecret ? readSecrets(setting, settings) : ofValue;
    const wrong = `is not set, so ${preset.title}'s handshake is not answered`;
    const fix = 'Choose or copy it there: docs/providers.md says what it is.';
    const isMissing = !set && fallback === undefined && schemes.length > 0;
    if (isMissing) settings.warnings.push({ setting, wrong, fix });
    return [name, live];
  });
  return Object.fromEntries(texts);
}

/** `all`: the verifiers of its schemes, in their order. Undefined if the preset has no handshakes. */
export function handshakeRulesOf(
  source: Configured,
  all: readonly Verifier[],
  keyed: (plain: string) => string,
) {
  const { preset, schemes, prefix, takesSecrets, handshakeTexts } = source;
  if (!preset.handshakes) return undefined;
  // The word says that signatures are checked, too; the others must stand beside it.
  const others = schemes.filter((scheme) => !isForForms(scheme));
  return {
    ...compileHandshakes(source, handshakeTexts, keyed),
    /** Those that need no signature. */
    verifiers: all.filter((_, at) => needsNoSignature(String(schemes[at]))),
    /** What has to be so before a secret is taken that nobody has signed; undefined if it is. */
    takesSecretsIf: takesSecrets ? undefined : `${prefix}_VERIFY is ${[...others, BY_HANDSHAKE].join(',')}`,
  };
}

/** Whether every check has passed that needs a signature: one that is only observed may have failed. */
export function areSigned(proofs: readonly Proof[]): boolean {
  return proofs.every(({ scheme, wouldRefuse }) => !wouldRefuse || needsNoSignature(scheme));
}

export type HandshakeRules = NonNullable<ReturnType<typeof handshakeRulesOf>>;
