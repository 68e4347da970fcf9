/** The presets that Consignee ships, by the names of their providers: `presets['coinbase-commerce']`. */
import type { Preset } from './preset.ts';
import * as shipped from './presets.ts';

const shippedPresets: Readonly<Record<string, Preset>> = shipped;

export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  Object.values(shippedPresets).map((preset) => [preset.name, preset]),
);
