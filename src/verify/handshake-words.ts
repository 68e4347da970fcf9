/** What a preset's handshakes ask of people, in sentences: for docs, `add` and `check`. */
import { BY_HANDSHAKE, bringsSecret, handshakeSettings, readHandshakes } from './handshake.ts';
import type { Preset } from './preset.ts';

/**
 * What is to be done at the provider and for its handshakes, in sentences and in their order: where something comes unsigned, the
 * service waits for it before the provider is asked to send it. `settingOf` names a variable of the source.
 */
export function setUpSteps(preset: Preset, settingOf: (name: string) => string): string[] {
  const said = sayHandshakes(preset, settingOf);
  if (!bringsSecret(preset)) return [...preset.setUp, ...said];
  const [verify, secret] = [settingOf('verify'), settingOf('webhookSecret')];
  const [create = '', ...then] = preset.setUp;
  return [
    `Set ${verify}=${BY_HANDSHAKE}, and no ${secret} yet, and start the service.`,
    create,
    ...said,
    ...then,
    `Then remove the line ${verify}, and start the service again.`,
  ];
}

/** Empty if there are none. `settingOf` names a variable of the source. */
export function sayHandshakes(preset: Preset, settingOf: (name: string) => string): string[] {
  const all = readHandshakes(preset);
  const asked = all.map(({ method, places }) => {
    const names = places.flatMap((place) => (place.condition === null ? [] : [place.name])).join(', ');
    return names === '' ? method : `${method} with ${names}`;
  });
  const answered = `Its handshake (${[...new Set(asked)].join('; ')}) is answered by itself.`;
  const shown = `, which \`npx consignee secret take ${preset.name}\` shows once.`;
  return [
    ...(all.length > 0 ? [answered] : []),
    ...handshakeSettings(preset).map(
      ({ name, fallback }) => `${settingOf(name)} ${fallback === undefined ? 'must' : 'may'} be set for it.`,
    ),
    ...all.flatMap(({ brings }) => (brings ? `It brings ${brings.what}${shown}` : [])),
  ];
}
