/** Writes a form that was found as lines to paste into sources.ts, with places of id and type if the request has some. For detect.ts. */
import { inspect } from 'node:util';
import { placeName, type SignatureForm } from '../../verify/form/vocabulary.ts';
import { presets } from '../../verify/presets-by-name.ts';
import type { Captured } from './captured.ts';
import { valuesOf } from './places.ts';

/** By what providers call them, the surest first. A thing's own id would make its second event a duplicate. */
const NAMES = {
  id: [/(event|notification)[-_.]?(uu)?id$/i, /:(uu)?id$/i, /(delivery|message|webhook)([-_]?(uu)?id)?$/i],
  type: [/event[-_.]?(type|name)$/i, /:type$/i, /[:.-](topic|event|action|kind)$/i],
};
/** Words in the name of a header that are no provider's. */
const NO_NAME =
  /^(x|webhooks?|signature|sign|sig|hmac|hub|sha\d*|body|authorization|request|hook|auth|v\d|primary)$/i;

export function nameFor(form: SignatureForm | undefined): string {
  const place = form ? placeName(form.in).toLowerCase() : '';
  const words = place.startsWith('body') ? [] : place.split(/[^a-z\d]+/);
  const name = words.find((word) => /^[a-z]/.test(word) && !NO_NAME.test(word)) ?? 'provider';
  return name in presets || name === 'provider' ? `my${name}` : name;
}

const ID_IS_GUESSED = 'Places of id and type are guesses: the id must be another one for each event,\nor [].';
const ID_IS_MISSING =
  'No id was found: unless you name its place, events are told apart by the digest\nof the body.';

export function wiringLines(form: SignatureForm, captured: Captured): string {
  const name = nameFor(form);
  const id = guessPlaces('id', captured);
  return `const ${name} = custom({
  name: '${name}',
  forms: [${presetText(form)}],
  id: ${presetText(id)},
  type: ${presetText(guessPlaces('type', captured))},
});

and this into the list:

  { preset: ${name}, handlers: { log } },

The file must import custom and log from 'consignee', beside what it imports
already.
${id.length > 0 ? ID_IS_GUESSED : ID_IS_MISSING}`;
}

function guessPlaces(kind: keyof typeof NAMES, captured: Captured) {
  const values = valuesOf(captured);
  const found = NAMES[kind].flatMap((pattern) => values.filter(({ name }) => pattern.test(name))).slice(0, 1);
  return found.map(({ in: place }) => ('member' in place ? place.member.split('.') : place));
}

/** As one writes it in TypeScript, on one line. */
export function presetText(value: unknown): string {
  return inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY, compact: true });
}
