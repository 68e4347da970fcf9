/** The presets that Consignee ships, by the names of their providers: `presets['coinbase-commerce']`. */
import type { Preset } from './preset.ts';
import * as shipped from './presets.ts';

export const presets: Readonly<Record<string, Preset>> = {
  ...Object.fromEntries(Object.values<Preset>(shipped).map((preset) => [preset.name, preset])),
  // A variable cannot begin with a digit, so its settings are TRACK17_….
  '17track': shipped.track17,
};
