/** The presets that Consignee ships, by the names of their providers: `presets['coinbase-commerce']`. */
import type { Preset } from './preset.ts';
import * as shipped from './presets.ts';

const named: Readonly<Record<string, Preset>> = shipped;

export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  Object.values(named).map((preset) => [preset.name, preset]),
);
