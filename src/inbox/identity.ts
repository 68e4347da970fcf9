/**
 * What an event is: its id, its type, whether it can be read, and the key by which a second copy is known.
 *
 * Everything is taken from verified bytes only. The id is used by its text, exact beyond 2^53; a body that names the id
 * twice has none, since readers disagree on which one counts. Without an id the digest of the bytes received stands in.
 * Nothing here refuses: an odd event is still an event.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { type Member, membersAt, skipString } from '../json-text.ts';
import type { MemberPath, Preset } from '../types.ts';

export type Shape = Pick<Preset, 'id' | 'type' | 'cut'>;

export interface Content {
  /** Whether the body is JSON; what is not cannot be given to a handler and is held. */
  readonly isJson: boolean;
  readonly externalId: string | null;
  readonly type: string | null;
  /** What is stored and handed on: the bytes received, without the member that is a credential. */
  readonly stored: Buffer;
  /** SHA-256 of `stored`: tells another body under the same id. */
  readonly digest: Buffer;
  /** The key of the unique index. */
  readonly identity: Buffer;
}

export function readContent(source: string, shape: Shape, body: Buffer): Content {
  const isJson = parses(body);
  // One byte, one character: offsets into this text are offsets into the bytes.
  const text = body.toString('latin1');
  const document: Document = { body, text, members: isJson ? [...membersAt(text)] : [] };
  const externalId = firstScalar(document, shape.id);
  const stored = shape.cut === undefined ? body : without(shape.cut, document, isJson);
  const digest = hash('sha256', stored, 'buffer');
  const received = stored === body ? digest : hash('sha256', body, 'buffer');
  return {
    isJson,
    externalId,
    type: firstString(document, shape.type),
    stored,
    digest,
    identity:
      externalId === null
        ? identityOf(source, 'digest', received.toString('hex'))
        : identityOf(source, 'id', externalId),
  };
}

/** A body, the same as one character a byte, and its members if it is an object. */
interface Document {
  readonly body: Buffer;
  readonly text: string;
  readonly members: readonly Member[];
}

/** The key of a second body under an id that is taken: the same body again is its duplicate. */
export function conflictIdentity(source: string, content: Content): Buffer {
  return identityOf(source, 'conflict', `${content.digest.toString('hex')} ${content.externalId}`);
}

/** 128 bits are enough against chance, and half the index of 256. */
function identityOf(source: string, kind: string, value: string): Buffer {
  return hash('sha256', `${source}\0${kind}\0${value}`, 'buffer').subarray(0, 16);
}

function parses(body: Buffer): boolean {
  if (!isUtf8(body)) return false;
  try {
    JSON.parse(isAscii(body) ? body.toString('latin1') : body.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

function firstString(document: Document, paths: readonly MemberPath[]): string | null {
  return first(paths, (path) => {
    const value = valueAt(document, path);
    return value?.startsWith('"') ? (JSON.parse(value) as string) : undefined;
  });
}

/** A string's content or a number's own text; anything else, and the empty string, is no id. */
function firstScalar(document: Document, paths: readonly MemberPath[]): string | null {
  return first(paths, (path) => {
    const value = valueAt(document, path);
    if (value?.startsWith('"')) return (JSON.parse(value) as string) || undefined;
    return value !== undefined && /^-?\d/.test(value) ? value : undefined;
  });
}

function first(paths: readonly MemberPath[], read: (path: MemberPath) => string | undefined): string | null {
  for (const path of paths) {
    const found = read(path);
    if (found !== undefined) return found;
  }
  return null;
}

/** The JSON text of the member at that path; undefined if it is not there or there twice. */
function valueAt({ body, text, members }: Document, path: MemberPath): string | undefined {
  let level = members;
  let found: Member | undefined;
  for (const name of path) {
    if (found) level = [...membersAt(text, found.valueStart)];
    const named = level.filter((member) => member.name === name);
    if (named.length !== 1) return undefined;
    found = named[0];
  }
  return found && body.toString('utf8', found.valueStart, found.valueEnd);
}

function without(name: string, { body, text, members }: Document, isJson: boolean): Buffer {
  if (!isJson) return withoutByPattern(name, body, text);
  const kept: Buffer[] = [];
  let from = 0;
  let keptOne = false;
  for (const [at, member] of members.entries()) {
    if (member.name !== name) {
      keptOne = true;
      continue;
    }
    // Behind a member that stays, the comma before goes too; otherwise the comma behind.
    const start = keptOne ? (members[at - 1] as Member).valueEnd : member.start;
    const end = keptOne ? member.valueEnd : (members[at + 1]?.start ?? member.valueEnd);
    kept.push(body.subarray(from, start));
    from = end;
  }
  return kept.length === 0 ? body : Buffer.concat([...kept, body.subarray(from)]);
}

/** A body that is not JSON is held as it came, but a credential that can be seen in it is still cut. */
function withoutByPattern(name: string, body: Buffer, text: string): Buffer {
  const opening = new RegExp(`"${name}"\\s*:\\s*"`, 'g');
  const kept: Buffer[] = [];
  let from = 0;
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    kept.push(body.subarray(from, found.index));
    const behind = skipString(text, opening.lastIndex - 1);
    const comma = /\s*,/y;
    comma.lastIndex = behind;
    from = comma.test(text) ? comma.lastIndex : behind;
    opening.lastIndex = from;
  }
  return kept.length === 0 ? body : Buffer.concat([...kept, body.subarray(from)]);
}
