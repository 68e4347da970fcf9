/** The names of the providers that there are presets for, as they are listed to people. Used by init.ts and add.ts. */
import { presets } from '../verify/presets-by-name.ts';
import { didYouMean, wrapWords } from './terminal.ts';

const WIDTH = 76;

/** Lines of at most 80 columns, indented. */
export function providerNames(): string {
  const lines = wrapWords(Object.keys(presets).sort().join(', '), WIDTH);
  return lines.map((line) => `    ${line}`).join('\n');
}

export function noPreset(names: readonly string[]): string {
  return `there is no preset ${names.join(', ')}${didYouMean(names[0] ?? '', Object.keys(presets))}`;
}
