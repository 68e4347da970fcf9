/**
 * Reads JSON as text, for verify/ and inbox/, where JSON.parse forgets too much.
 *
 * JSON.parse rounds 9007199254740993, keeps the last of two equal names and forgets where a member stood. These two
 * readers keep number texts, see repeated names and know offsets. Both want text that JSON.parse has accepted already,
 * and neither recurses: a body may be nested 20,000 levels deep.
 */

/** A number, kept as its text. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Exact = string | boolean | null | NumberText | Exact[] | Map<string, Exact>;

export interface JsonMember {
  readonly name: string;
  /** Offsets into the text: of the name's opening quote, of the value's first character, and of the one behind its last. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/gs;

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
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ',' || token === ':') continue;
    if (token === '}' || token === ']') open.pop();
    else if (token === '{' || token === '[') {
      const container: Exact[] | Map<string, Exact> = token === '{' ? new Map() : [];
      put(container);
      open.push(container);
    } else put(readScalar(token));
  }
  return root as Exact;
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

/** The members of the object that begins at or after `from`; none if another kind of value stands there. */
export function* membersAt(text: string, from = 0): Generator<JsonMember> {
  let at = skipSpace(text, from);
  if (text[at] !== '{') return;
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const start = at;
    const nameEnd = skipString(text, at);
    const name = JSON.parse(text.slice(start, nameEnd)) as string;
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    yield { name, start, valueStart, valueEnd };
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 32 || (code >= 9 && code <= 13); )
    code = text.charCodeAt(++at);
  return at;
}

/** `from` is the opening quote; returns the offset behind the closing one. */
export function skipString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

function skipValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; ) {
    const code = text.charCodeAt(at);
    const closes = code === 125 || code === 93;
    if (depth === 0 && (closes || code === 44 || code <= 32)) return at;
    if (closes) depth--;
    else if (code === 123 || code === 91) depth++;
    at = code === 34 ? skipString(text, at) : at + 1;
  }
  return text.length;
}
