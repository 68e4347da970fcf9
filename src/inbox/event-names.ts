/**
 * Reads the names of an event, its id and type, where its source has them. shape.ts says which of those places somebody signs. Below,
 * any member as people name its value: for the search by members, and for search keys.
 */
import { jsonStartOf } from '../base/json-text.ts';
import { type JsonMember, membersAt } from '../base/json-walk.ts';
import type { MemberPath, NamePlace } from '../verify/preset.ts';
import { headersIn, isNamedInHeader, type Shape } from './shape.ts';

const NO_HEADERS = {};

export type Names = Partial<Readonly<Record<'externalId' | 'type', string | null>>>;

/** `body`: the bytes of what is parsed. `headers`: those of the arrival, as JSON. */
export function namesOf(shape: Shape, parsed: unknown, body: Buffer, headers: string) {
  const { id, type, unsigned: open = [] } = shape;
  const kept: Readonly<Record<string, string>> = isNamedInHeader(shape) ? JSON.parse(headers) : NO_HEADERS;
  const inHeader = (name: string) => kept[name.toLowerCase()] || null;
  const idAt = (place: NamePlace): string | null => {
    if ('all' in place) return joinedNames(place.all.map(idAt));
    return 'header' in place ? inHeader(place.header) : textAt(parsed, place, body);
  };
  const typeIn = (place: NamePlace) =>
    'header' in place || 'all' in place ? idAt(place) : typeAt(parsed, place);
  const names = { externalId: firstOf(id, idAt), type: firstOf(type, typeIn) };
  if (open.length === 0) return { ...names, unsigned: undefined };
  const isOpen = (place: NamePlace) => headersIn([place]).some((name) => open.includes(name));
  // Where no place holds a name, its lack is as little signed as the name would be.
  const isOpenIn = (places: readonly NamePlace[], read: typeof idAt) => {
    const held = places.find((place) => read(place) !== null);
    return held ? isOpen(held) : places.some(isOpen);
  };
  const unsigned: Names = {
    ...(isOpenIn(id, idAt) && { externalId: names.externalId }),
    ...(isOpenIn(type, typeIn) && { type: names.type }),
  };
  return { ...names, unsigned: Object.keys(unsigned).length > 0 ? unsigned : undefined };
}

/** One text of several, that no others make: a blank stands between them, and in none of them. null if one is missing. */
function joinedNames(names: readonly (string | null)[]): string | null {
  return names.includes(null)
    ? null
    : names.map((name) => name?.replace(/[%\s\0]/g, encodeURIComponent)).join(' ');
}

function firstOf(places: readonly NamePlace[], read: (place: NamePlace) => string | null): string | null {
  for (const place of places) {
    const found = read(place);
    if (found !== null) return found;
  }
  return null;
}

export function valueAt(parsed: unknown, path: MemberPath): unknown {
  let value = parsed;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function typeAt(parsed: unknown, path: MemberPath): string | null {
  const value = valueAt(parsed, path);
  return typeof value === 'string' ? value : null;
}

/** A string's content or a number's text; anything else, and the empty string, is no id. */
export function textAt(parsed: unknown, path: MemberPath, body: Buffer): string | null {
  const value = valueAt(parsed, path);
  if (typeof value === 'string') return value === '' ? null : value;
  if (typeof value !== 'number') return null;
  return Number.isSafeInteger(value) && value !== 0 ? String(value) : digitsAt(path, body);
}

/** A number as it was written, which JSON.parse may have rounded. */
function digitsAt(path: MemberPath, body: Buffer): string {
  // One byte, one character: offsets into this text are offsets into the bytes.
  const text = body.toString('latin1');
  let found: JsonMember = { name: '', start: 0, valueStart: jsonStartOf(body), valueEnd: text.length };
  for (const name of path) {
    // Escaped or not, a letter beyond ASCII in a name looks different in this text.
    const names = [name, Buffer.from(name).toString('latin1')];
    found = [...membersAt(text, found.valueStart)].findLast((member) => names.includes(member.name)) ?? found;
  }
  return text.slice(found.valueStart, found.valueEnd);
}

const NO_BYTES = Buffer.alloc(0);

/** As `textAt`, and `true`, `false` or the empty string. */
export function memberTextOf(parsed: unknown, path: MemberPath, body: Buffer): string | null {
  const value = valueAt(parsed, path);
  return typeof value === 'boolean' || value === '' ? String(value) : textAt(parsed, path, body);
}

/** All texts at a path in which `*` stands for each item of a list. */
export function textsAt(parsed: unknown, path: MemberPath, body: Buffer): string[] {
  const star = path.indexOf('*');
  if (star < 0) return [textAt(parsed, path, body)].filter((text) => text !== null);
  const list = valueAt(parsed, path.slice(0, star));
  if (!Array.isArray(list)) return [];
  // Where in the bytes an item stands is not known: a number beyond 2^53 in a list is no key.
  return list.flatMap((item) => textsAt(item, path.slice(star + 1), NO_BYTES));
}
