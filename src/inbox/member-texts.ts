/** Members of a body as people name their values: for the search by members, and for search keys. */
import type { MemberPath } from '../verify/preset.ts';
import { textAt, valueAt } from './event-names.ts';

const NO_BYTES = Buffer.alloc(0);

/** Any member as people name its value: as `textAt`, and `true`, `false` or the empty string. */
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
