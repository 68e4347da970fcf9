/** The names of the providers that there are presets for, as they are listed to people. Used by init.ts and add.ts. */
import { presets } from '../verify/presets-by-name.ts';
import { didYouMean, wrapWords } from './terminal.ts';

const WIDTH = 76;

/** Lines of at most 80 columns, indented. */
export function providerNames(): string {
  const lines = wrapWords(Object.keys(presets).sort().join(', '), WIDTH);
  return lines.map((line) => `    ${line}`).join('\n');
}

/** With the one that is meant, if its title has the word in it or its name is near. */
export function noPreset([given = '', ...more]: readonly string[]): string {
  const word = given.toLowerCase();
  const titled = Object.values(presets).find(({ title }) => title.toLowerCase().split(/\W+/).includes(word));
  const hint = didYouMean(given, Object.keys(presets), titled?.name);
  return `there is no preset ${[given, ...more].join(', ')}${hint}`;
}
