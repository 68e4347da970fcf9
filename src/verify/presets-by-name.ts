/** The presets that Consignee ships, by the names of their providers: `presets['coinbase-commerce']`. */
import type { Preset } from './preset.ts';
import * as shipped from './presets.ts';

export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  Object.values<Preset>(shipped).map((preset) => [preset.name, preset]),
);
