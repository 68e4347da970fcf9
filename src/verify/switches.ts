/**
 * The settings that switch a source on, by its preset, and what its checks prove then. For the configuration, for `check`, and for
 * whatever tells people what to set.
 */
import { isForForms, SECRET_ROWS, type SourceChecks } from './checks.ts';
import { settingNames } from './form/reading.ts';
import { publishedKeyOf } from './form/vocabulary.ts';
import { provesOf } from './form/words.ts';
import { BY_HANDSHAKE, bringsSecret } from './handshake.ts';
import { HMAC, SIGNATURE } from './hmac.ts';
import { JWT } from './jwt.ts';
import { BEARER, jwtProves } from './jwt-form.ts';
import type { Preset } from './preset.ts';
import { QUERY_TOKEN } from './query-token.ts';
import type { Rotation, Scheme, SchemeRow } from './schemes.ts';

/** The setting of a row for one preset: a provider whose only proof is a JWT has its key where others have theirs. */
export function settingFor(
  { name, setting }: Pick<SchemeRow, 'name' | 'setting'>,
  preset: Pick<Preset, 'forms' | 'jwt'>,
): string {
  return name === JWT.name && preset.jwt && preset.forms.length === 0 ? HMAC.setting : setting;
}

/** The schemes that need no secret, because their keys are published: naming one in `…_VERIFY` switches it on. */
export function publishedSchemesOf({ forms, jwt }: Preset): Scheme[] {
  const published = forms.flatMap((form) => (publishedKeyOf(form) ? SIGNATURE.name : []));
  return [...new Set<Scheme>(jwt?.key ? [...published, JWT.name] : published)];
}

/** The words of `secret rotate`: the preset's own, or those for a secret of this kind. */
export function rotationFor(row: (typeof SECRET_ROWS)[number], preset: Preset): Rotation {
  return preset.rotation[row.name] ?? (row.arePublic?.(preset) ? SIGNATURE.rotation : row.rotation);
}

/** Whether a setting of a preset is for public keys; not if it may hold a shared secret too. */
export function isForPublicKeys(setting: string, preset: Preset): boolean {
  const rows = SECRET_ROWS.filter((row) => settingFor(row, preset) === setting);
  return rows.some((row) => (row.isFor?.(preset, []) ?? true) && row.arePublic?.(preset));
}

interface Named {
  readonly prefix: string;
  readonly preset: Preset;
}

/** The settings of which one must be there for a source to be on, as in `A_WEBHOOK_TOKEN, A_WEBHOOK_SECRET or A_JWT_SECRET`. */
export function provingSettings({ prefix, preset }: Named): string {
  const published = publishedSchemesOf(preset).map((scheme) => `VERIFY=${scheme}`);
  const settings = [...published, ...new Set(SECRET_ROWS.map((row) => settingFor(row, preset)))];
  const named = settings.map((setting) => `${prefix}_${setting}`);
  return `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`;
}

/**
 * The setting that switches a source on at first: the secret of its signature, or a token if the provider does not sign. Where
 * keys are published, or the secret comes by a handshake, with its value: `A_VERIFY=signature`.
 */
export function firstSetting({ prefix, preset }: Named): string {
  const [published] = publishedSchemesOf(preset);
  if (published) return `${prefix}_VERIFY=${published}`;
  if (bringsSecret(preset)) return `${prefix}_VERIFY=${BY_HANDSHAKE}`;
  const { setting } = preset.forms.length > 0 || preset.jwt ? HMAC : QUERY_TOKEN;
  return `${prefix}_${setting}`;
}

type Checked = Pick<SourceChecks, 'preset' | 'schemes' | 'secrets'>;

/** The hosts from which keys are fetched, because the settings hold none. */
export function keyHostsOf({ preset, schemes, secrets }: Checked): string[] {
  const isFetched = (scheme: Scheme) =>
    schemes.includes(scheme) && !secrets[scheme as keyof typeof secrets]?.length;
  const ofForms = isFetched(SIGNATURE.name) ? preset.forms.map(publishedKeyOf) : [];
  const ofJwt = isFetched(JWT.name) ? [preset.jwt?.key] : [];
  const addresses = [...ofForms, ...ofJwt].flatMap((key) => (!key ? [] : 'jwks' in key ? key.jwks : key.at));
  return [...new Set(addresses.map((address) => address.split('/')[2] as string))];
}

/** Whether what somebody else was sent by the provider would pass: all its customers have one key, and nothing else tells them apart. */
export function takesOthersEvents({ preset, schemes }: Pick<Checked, 'preset' | 'schemes'>): boolean {
  const isOpen = preset.forms.some((form) => publishedKeyOf(form) && settingNames(form).length === 0);
  return isOpen && schemes.includes(SIGNATURE.name) && !schemes.includes(QUERY_TOKEN.name);
}

/** What good signatures and tokens say about a delivery, each once. */
export function provenFor({ preset, schemes }: Pick<Checked, 'preset' | 'schemes'>) {
  const ofForms = schemes.some(isForForms) ? preset.forms.map(provesOf) : [];
  return [...new Set(schemes.includes(JWT.name) ? [...ofForms, jwtProves(preset.jwt ?? BEARER)] : ofForms)];
}
