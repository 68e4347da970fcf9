/**
 * Reads what a source's requests are proven with: its secrets, each for the scheme that its preset has them for, and what its
 * signatures are about beside the request: the URL under which the provider knows it, and settings that are signed.
 */
import type { Problem } from '../../base/errors.ts';
import { type EnvironmentReading, textOf } from '../../base/settings/environment.ts';
import { readSecrets, type Secrets } from '../../base/settings/secrets.ts';
import { SECRET_ROWS, SECRET_SETTINGS } from '../../verify/checks.ts';
import { algorithmName, settingNames, signsUrl } from '../../verify/form/reading.ts';
import { placeName, type SignatureForm } from '../../verify/form/vocabulary.ts';
import type { Preset } from '../../verify/preset.ts';
import { isForPublicKeys, provingSettings, settingFor } from '../../verify/switches.ts';

/** The secrets of each scheme that the preset has its settings for. */
export function readProvingSecrets(prefix: string, preset: Preset, settings: EnvironmentReading) {
  const { problems, warnings } = settings;
  const secretsOf = new Map(
    SECRET_SETTINGS.map((setting) => [
      setting,
      readSecrets(`${prefix}_${setting}`, settings, isForPublicKeys(setting, preset)),
    ]),
  );
  const used = new Set<string>();
  const proving = SECRET_ROWS.flatMap(({ name: scheme, ...row }) => {
    const setting = settingFor({ ...row, name: scheme }, preset);
    const secrets = secretsOf.get(setting) as Secrets;
    if (row.isFor && !row.isFor(preset, secrets.live)) return [];
    used.add(setting);
    const firstOf = (judge: ((secret: string) => Omit<Problem, 'setting'> | undefined) | undefined) => {
      const found = secrets.live.map((secret) => judge?.(secret)).find((one) => one !== undefined);
      return found ? [{ setting: `${prefix}_${setting}`, ...found }] : [];
    };
    problems.push(...firstOf((secret) => row.mistake?.(secret, preset)));
    warnings.push(...firstOf(row.doubts));
    return [{ scheme, ...secrets }];
  });
  for (const [setting, { set }] of secretsOf) {
    if (!set || used.has(setting)) continue;
    const fix = `Unset it, and set one of ${provingSettings({ prefix, preset })}.`;
    problems.push({
      setting: `${prefix}_${setting}`,
      wrong: `is nothing that ${preset.title} is checked with`,
      fix,
    });
  }
  return proving;
}

/** `isOn`: the source has something to check signatures with. */
export function readSignedAbout(
  {
    prefix,
    path,
    forms,
    isOn,
  }: { prefix: string; path: string; forms: readonly SignatureForm[]; isOn: boolean },
  settings: EnvironmentReading,
) {
  const publicUrl = readPublicUrl(prefix, path, settings);
  const ofUrl = forms.filter(signsUrl);
  if (isOn && ofUrl.length > 0 && publicUrl === undefined) {
    const [one] = ofUrl as [SignatureForm];
    const wrong = `is not set, and ${placeName(one.in)} signs the URL (${algorithmName(one.algorithm)})`;
    const fix = 'Set it to the URL that is registered at the provider, letter for letter.';
    const isNeeded = ofUrl.length === forms.length;
    (isNeeded ? settings.problems : settings.warnings).push({ setting: `${prefix}_PUBLIC_URL`, wrong, fix });
  }
  const names = new Set(forms.flatMap(settingNames));
  const values = [...names].map((name) => [name, readSigned(settingOf(prefix, name), isOn, settings)]);
  return { publicUrl, values: Object.fromEntries(values) as Readonly<Record<string, string>> };
}

/** What must be set beside the secret, or the service does not start, as in TWILIO_PUBLIC_URL or AMAZON_SNS_TOPIC_ARN. */
export function signedSettings(prefix: string, { forms }: Pick<Preset, 'forms'>): string[] {
  const names = new Set(forms.flatMap(settingNames));
  const needsUrl = forms.length > 0 && forms.every(signsUrl);
  return [
    ...(needsUrl ? [`${prefix}_PUBLIC_URL`] : []),
    ...[...names].map((name) => settingOf(prefix, name)),
  ];
}

/** `webhookId` is in PAYPAL_WEBHOOK_ID. */
export function settingOf(prefix: string, name: string): string {
  return `${prefix}_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

function readSigned(setting: string, isOn: boolean, { environment, problems }: EnvironmentReading): string {
  const value = textOf(environment, setting);
  const fix = 'Copy it from the provider: it is a part of what is signed.';
  if (value === undefined && isOn) problems.push({ setting, wrong: 'is not set', fix });
  return value ?? '';
}

/** The whole URL of one source as registered, or the beginning of all of them. */
function readPublicUrl(prefix: string, path: string, settings: EnvironmentReading): string | undefined {
  const own = readRegisteredUrl(`${prefix}_PUBLIC_URL`, settings);
  if (own !== undefined) return own;
  const all = readRegisteredUrl('PUBLIC_URL', settings);
  return all === undefined ? undefined : `${all.replace(/\/$/, '')}${path}`;
}

/** The text stays as it is written: signatures are over its letters. */
function readRegisteredUrl(
  setting: string,
  { environment, problems }: EnvironmentReading,
): string | undefined {
  const text = textOf(environment, setting);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isForAll = setting === 'PUBLIC_URL';
  const isSound =
    url && /^https?:\/\//.test(text) && !text.includes('#') && !(isForAll && text.includes('?'));
  if (isSound) return text;
  if (problems.some((problem) => problem.setting === setting)) return undefined;
  const example = isForAll ? 'https://hooks.example.com' : 'https://hooks.example.com/webhooks/square';
  problems.push({
    setting,
    wrong: 'is not a URL that a provider could have',
    fix: `Write it as in ${example}.`,
  });
  return undefined;
}
