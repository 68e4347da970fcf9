/**
 * A preset of one's own, for a provider that Consignee does not ship: its name, how it signs, and whatever else is known. What is
 * left out has a default. The configuration checks it at the start, as it does every preset.
 */
import type { Preset } from './preset.ts';

const DEFAULTS = {
  id: [],
  type: [],
  bodyLimitBytes: 1_048_576,
  replyWithinMs: 2_500,
  addressLists: {},
  setUp: [],
  rotation: {},
} satisfies Partial<Preset>;

/** What must be said is the name and how it signs; whatever else a preset has may be. */
export type CustomPreset = Pick<Preset, 'name'> &
  (Pick<Preset, 'forms'> | Required<Pick<Preset, 'jwt'>>) &
  Partial<Preset>;

/** Throws nothing: what is wrong with it is listed at the start, with everything else. Its words: docs/providers.md. */
export function custom<const Given extends CustomPreset>(given: Given): Preset {
  // One that is not said is a flaw, unless something else proves who sends.
  const forms = given?.jwt === undefined ? {} : { forms: [] };
  return { ...DEFAULTS, title: given?.name, ...forms, ...given } as Preset;
}
