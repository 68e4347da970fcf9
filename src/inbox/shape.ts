/**
 * Where the events of a source have their id and type, and which of those places somebody signs.
 *
 * The rule of names: an event is what its signed material says. A header that no signature covers may name it and give it its
 * type, but whoever has caught a delivery can write that header anew. So it never makes a duplicate of what differs: of one
 * signed material each other unsigned name is an event of its own. And it makes no new event without a word: the second to
 * eighth are handed over with a warning, and from the ninth on they are held.
 */
import { placeholderNames } from '../verify/form/reading.ts';
import type { NamePlace, Preset } from '../verify/preset.ts';

export interface Shape extends Pick<Preset, 'id' | 'type' | 'items' | 'cut' | 'bodies'> {
  /** Lower-case names of the headers among the places that not every form signs; left out if there are none. */
  readonly unsigned?: readonly string[];
}

/** So many events may come of one signed material under different unsigned names until the next ones are held. */
export const NAMES_MOST = 8;

export function shapeOf({
  id,
  type,
  items,
  cut,
  bodies,
  forms,
}: Omit<Shape, 'unsigned'> & Pick<Preset, 'forms'>): Shape {
  const signed = forms.map((form) => placeholderNames(form, 'header').map((name) => name.toLowerCase()));
  // Where the secret itself is sent and nothing is signed, a header proves as much as the body does.
  const isBare = forms.length > 0 && forms.every(({ algorithm }) => algorithm === 'equal');
  const unsigned = headersIn([...id, ...type]).filter((name) => !isBare && !isInAll(signed, name));
  return {
    id,
    type,
    ...(items !== undefined && { items }),
    ...(cut !== undefined && { cut }),
    ...(bodies !== undefined && { bodies }),
    ...(unsigned.length > 0 && { unsigned }),
  };
}

/** Whether an event may have its id or type in a header. Asked for each event. */
export function isNamedInHeader({ id, type }: Shape): boolean {
  const isHeader = (place: NamePlace): boolean =>
    'header' in place || ('all' in place && place.all.some(isHeader));
  return id.some(isHeader) || type.some(isHeader);
}

/** Lower-case names of the headers among places: they are kept with each event. */
export function headersIn(places: readonly NamePlace[]): string[] {
  return places.flatMap((place) => {
    if ('all' in place) return headersIn(place.all);
    return 'header' in place ? [place.header.toLowerCase()] : [];
  });
}

function isInAll(lists: readonly (readonly string[])[], name: string): boolean {
  return lists.length > 0 && lists.every((list) => list.includes(name));
}

/** `first`: the id of the event that came with the same signed material. */
export function whyWarned(first: string): string {
  return `the same came before as ${first}, under another id or type, which nobody signs`;
}

export function whyHeldNamed(first: string): string {
  return `the same came ${NAMES_MOST} times before, first as ${first}, each time under another id or type, which nobody signs`;
}

/** Why an event is held from the beginning; null if it is not. */
export function whyHeld({ isReadable }: { readonly isReadable: boolean }): string | null {
  return isReadable ? null : 'the body is not JSON';
}

/** Why a second body is held. `first`: the id of the event that came with another body before. */
export function whyHeldBeside(first: string): string {
  return `another body came under the same id before: ${first}`;
}
