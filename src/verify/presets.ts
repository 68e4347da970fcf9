/** The presets that Consignee ships, one line each. Users import them from 'consignee'; tests take their rows from here. */
export { flatfile } from './presets/flatfile/preset.ts';
export { flexport } from './presets/flexport/preset.ts';
export { flintn } from './presets/flintn/preset.ts';
export { shippo } from './presets/shippo/preset.ts';
