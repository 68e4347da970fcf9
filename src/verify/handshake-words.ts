/** The settings that a preset's handshakes name, and what they ask for in sentences, for docs and `check`. */
import { placeholdersIn } from './form/reading.ts';
import { isSecret, methodOf, placesIn } from './handshake.ts';
import type { Preset } from './preset.ts';

/** Names of settings as handshakes have them: those of secrets, of other values, and of those that may be left out. */
export function handshakeSettings({ handshakes = [] }: Pick<Preset, 'handshakes'>) {
  const secrets = handshakes.flatMap((one) => [
    ...placesIn(one).flatMap(([, condition]) => (isSecret(condition) ? [condition.secret] : [])),
    ...(one.made?.by === undefined ? [] : [one.made.by]),
  ]);
  const values = handshakes
    .flatMap(({ answer }) => placeholdersIn(JSON.stringify(answer)))
    .flatMap(({ word, name = '' }) => (word === 'setting' ? [name] : []));
  const optional = handshakes.flatMap(({ defaults = {} }) => Object.keys(defaults));
  return { secrets: [...new Set(secrets)], values: [...new Set(values)], optional };
}

/** What is to be done at the provider and for its handshakes, in sentences. `settingOf` names a variable of the source. */
export function setUpSteps(preset: Preset, settingOf: (name: string) => string): string[] {
  return [...preset.setUp, ...sayHandshakes(preset, settingOf)];
}

/** Empty if there are none. `settingOf` names a variable of the source. */
export function sayHandshakes(preset: Preset, settingOf: (name: string) => string): string[] {
  const { handshakes = [], name } = preset;
  const asked = handshakes.map((one) => {
    const places = placesIn(one).filter(([, condition]) => condition !== null);
    const names = places.map(([place]) => place.replace(/^\w+:/, '')).join(', ');
    return `${methodOf(one)}${names === '' ? '' : ` with ${names}`}`;
  });
  const { secrets, values, optional } = handshakeSettings(preset);
  const settings = [...secrets, ...values].map((one) =>
    optional.includes(one) ? `${settingOf(one)} may be set for it.` : `${settingOf(one)} must be set for it.`,
  );
  const brought = handshakes.flatMap(({ brings, signed }) => {
    if (!brings) return [];
    const first = signed === true ? '' : ` Set ${settingOf('verify')}=handshake before you start it.`;
    return [`It brings ${brings.what}, which \`consignee secret take ${name}\` shows once.${first}`];
  });
  const isAnswered =
    asked.length === 0 ? [] : [`Its handshake (${[...new Set(asked)].join('; ')}) is answered by itself.`];
  return [...isAnswered, ...settings, ...brought];
}
