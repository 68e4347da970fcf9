/**
 * Reads JSON as text, for verify/ and inbox/, where JSON.parse forgets too much.
 *
 * JSON.parse rounds 9007199254740993, and keeps the last of two equal names. This reader keeps number texts and sees repeated
 * names. It wants text that JSON.parse has accepted already, and does not recurse: a body may be nested 20,000 levels deep, and one
 * text in it may be as long as the body. Where members stand json-walk.ts tells.
 */
import { skipString } from './json-walk.ts';

/** Some senders write these bytes before their JSON. They say that it is UTF-8 and are no part of it. */
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** Where the JSON in a body begins: behind a byte order mark, if there is one. */
export function jsonStartOf(body: Buffer): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? BYTE_ORDER_MARK.length : 0;
}

/** A number, kept as its text. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Exact = string | boolean | null | NumberText | Exact[] | Map<string, Exact>;

/** The whole value with exact numbers. Throws SyntaxError if an object names a member twice. */
export function parseExact(text: string): Exact {
  let root: Exact | undefined;
  let name: string | undefined;
  const open: (Exact[] | Map<string, Exact>)[] = [];
  const put = (value: Exact) => {
    const top = open.at(-1);
    if (top === undefined) root = value;
    else if (Array.isArray(top)) top.push(value);
    else if (name === undefined) name = value as string;
    else {
      if (top.has(name)) throw new SyntaxError('an object names a member twice');
      top.set(name, value);
      name = undefined;
    }
  };
  for (const token of tokensOf(text)) {
    if (token === '}' || token === ']') open.pop();
    else if (token === '{' || token === '[') {
      const container: Exact[] | Map<string, Exact> = token === '{' ? new Map() : [];
      put(container);
      open.push(container);
    } else put(readScalar(token));
  }
  return root as Exact;
}

/** Undefined if it is not JSON, or an object in it names a member twice. */
export function exactValue(text: string): Exact | undefined {
  try {
    JSON.parse(text);
    return parseExact(text);
  } catch {
    return undefined;
  }
}

/** Undefined if it is no such value, or none with members. */
export function exactObject(text: string): Map<string, Exact> | undefined {
  const value = exactValue(text);
  return value instanceof Map ? value : undefined;
}

/** All but commas and colons. */
function* tokensOf(text: string): Generator<string> {
  // No expression for a whole text: of one of 24 MB it runs out of stack.
  const next = /["{}[\]]|[^\s{}[\],:"]+/g;
  for (let found = next.exec(text); found; found = next.exec(text)) {
    if (found[0] !== '"') yield found[0];
    else {
      next.lastIndex = skipString(text, found.index);
      yield text.slice(found.index, next.lastIndex);
    }
  }
}

function readScalar(token: string): Exact {
  return '"tfn'.includes(token[0] as string) ? JSON.parse(token) : new NumberText(token);
}

/** Says whether two values are the same. The order of members does not count; numbers are compared as texts. */
export function sameExact(one: Exact, other: Exact): boolean {
  const pairs: [Exact, Exact | undefined][] = [[one, other]];
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [left, right] = pair;
    if (left instanceof NumberText) {
      if (!(right instanceof NumberText) || left.text !== right.text) return false;
    } else if (Array.isArray(left)) {
      if (!Array.isArray(right) || left.length !== right.length) return false;
      for (const [at, value] of left.entries()) pairs.push([value, right[at]]);
    } else if (left instanceof Map) {
      if (!(right instanceof Map) || left.size !== right.size) return false;
      for (const [key, value] of left) pairs.push([value, right.get(key)]);
    } else if (left !== right) return false;
  }
  return true;
}

/** The same text for values that are the same, and for no others. It is to be digested, not to be parsed. */
export function spell(value: Exact): string {
  const pieces: string[] = [];
  const left: ({ readonly text: string } | { readonly value: Exact })[] = [{ value }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if ('text' in next) pieces.push(next.text);
    else if (next.value instanceof NumberText) pieces.push(next.value.text);
    else if (Array.isArray(next.value)) {
      pieces.push('[');
      left.push({ text: ']' });
      for (const item of next.value.toReversed()) left.push({ text: ',' }, { value: item });
    } else if (next.value instanceof Map) {
      pieces.push('{');
      left.push({ text: '}' });
      const members = [...next.value].sort(([one], [other]) => (one < other ? 1 : -1));
      for (const [name, item] of members) {
        left.push({ text: ',' }, { value: item }, { text: `${JSON.stringify(name)}:` });
      }
    } else pieces.push(JSON.stringify(next.value));
  }
  return pieces.join('');
}
