/** All presets in one object. For the public face, and for commands that take the name of a provider. */
import type { Preset } from './preset.ts';
import * as shipped from './presets.ts';

/** The presets that Consignee ships, by the names of their providers: `presets['coinbase-commerce']`. */
export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  Object.values<Preset>(shipped).map((preset) => [preset.name, preset]),
);
