/**
 * Finds members and items in the text of JSON without parsing it: where each stands, so that the bytes can be cut out as they are.
 * JSON.parse, which forgets where they stood, must have accepted the text already. Nothing here recurses.
 */

export interface JsonMember {
  readonly name: string;
  /** Offsets into the text: of the name's opening quote, of the value's first character, and of the one behind its last. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The members of the object that begins at or after `from`, or the items of the list, named by their places; none if another kind of
 * value stands there.
 */
export function* membersAt(text: string, from = 0): Generator<JsonMember> {
  let at = skipSpace(text, from);
  const isList = text[at] === '[';
  if (!isList && text[at] !== '{') return;
  at = skipSpace(text, at + 1);
  for (let place = 0; at < text.length && text[at] !== '}' && text[at] !== ']'; place++) {
    const start = at;
    const nameEnd = isList ? at : skipString(text, at);
    const name = isList ? String(place) : (JSON.parse(text.slice(start, nameEnd)) as string);
    const valueStart = isList ? at : skipSpace(text, skipSpace(text, nameEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    yield { name, start, valueStart, valueEnd };
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
}

interface JsonItem {
  /** Offsets into the text: of its first character, of the one behind its last, and of where the next one is looked for. */
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** The offset behind the opening bracket of the list at a path, of an item if it has one; undefined if no list stands there. */
export function listAt(text: string, path: readonly string[], from = 0): number | undefined {
  let at: number | undefined = skipSpace(text, from);
  for (const name of path) {
    // Of two members of one name the last counts, as for JSON.parse.
    at = [...membersAt(text, at)].findLast((member) => member.name === name)?.valueStart;
    if (at === undefined) return undefined;
  }
  return text[at] === '[' ? at + 1 : undefined;
}

/** The item of a list that begins at or after `from`, which is behind the bracket or a comma; undefined at the list's end. */
export function itemAt(text: string, from: number): JsonItem | undefined {
  const start = skipSpace(text, from);
  if (start >= text.length || text[start] === ']') return undefined;
  const end = skipValue(text, start);
  const behind = skipSpace(text, end);
  return { start, end, next: text[behind] === ',' ? behind + 1 : behind };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 32 || (code >= 9 && code <= 13); )
    code = text.charCodeAt(++at);
  return at;
}

/** `from` is the opening quote; returns the offset behind the closing one, or the text's end if there is none. */
export function skipString(text: string, from: number): number {
  const quote = closingQuote(text, from);
  return quote < 0 ? text.length : quote + 1;
}

/** `from` is the opening quote; returns the offset of the closing one, or -1. */
export function closingQuote(text: string, from: number): number {
  const first = text.indexOf('"', from + 1);
  if (first < 0 || text.charCodeAt(first - 1) !== 92) return first;
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return at;
    if (code === 92) at++;
  }
  return -1;
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
