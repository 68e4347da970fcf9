/**
 * What may be signed: the placeholders of a template, one row each. template.ts reads templates with it.
 *
 * What the head tells is read before the body is, and refused there if it is missing. The bytes of a body are signed as they
 * are and never made into text; only a part that names something inside of it reads it.
 */
import { hash, randomUUID } from 'node:crypto';
import { readForm } from '../../base/form-text.ts';
import { type Exact, exactValue, jsonStartOf, NumberText } from '../../base/json-text.ts';
import { type Head, headerLines } from '../verifier.ts';

/** Stand for the text of the secret, and for that of the time. */
export const KEY = Symbol('key');
export const TIME = Symbol('time');
/** Bytes and texts that are signed; a function where the body tells. */
export type Piece = KnownPiece | typeof TIME | ((body: SignedBody) => string | Buffer | undefined);
export type KnownPiece = string | Buffer | typeof KEY;

/** What a signature may be about, beside the body. */
export interface HeadFacts {
  readonly head: Pick<Head, 'rawHeaders' | 'query'>;
  /** The URL as it is registered with the provider. Never from `Host`, which a sender chooses. */
  readonly publicUrl?: string | undefined;
  /** The values of the settings that templates name, by these names. */
  readonly values?: Readonly<Record<string, string>> | undefined;
}

export interface HeadPart {
  readonly of: 'head';
  /** What the placeholder's name is of, as in `{header:X}`; left out: it has none. */
  readonly takes?: string;
  /** Bytes, or a text of which the UTF-8 is signed. Undefined: it is not there. */
  read(facts: HeadFacts, name: string): string | Buffer | undefined;
}
interface BodyPart {
  readonly of: 'body';
  readonly takes?: string;
  /** All of the body is signed by it, or only what it names. */
  readonly binds: 'all' | 'some';
  /** It is all that the body says, and can be written in other bytes. */
  readonly isText?: true;
  /** Undefined: what is there cannot be signed so. */
  read(body: SignedBody, name: string): string | Buffer | undefined;
}
/** Is known to whoever checks the signature. */
interface KnownPart {
  readonly of: 'check';
  readonly takes?: undefined;
  readonly piece: Piece;
}
export type PartRow = HeadPart | BodyPart | KnownPart;

export const PARTS: Readonly<Record<string, PartRow>> = {
  body: { of: 'body', binds: 'all', read: ({ bytes }) => bytes },
  time: { of: 'check', piece: TIME },
  key: { of: 'check', piece: KEY },
  header: { of: 'head', takes: 'a header', read: ({ head }, name) => oneLine(head, name) },
  /** All others are answered with 405. */
  method: { of: 'head', read: () => 'POST' },
  url: { of: 'head', read: urlOf },
  target: { of: 'head', read: (facts) => urlOf(facts)?.replace(/^https?:\/\/[^/?]*/, '') },
  listed: { of: 'head', takes: 'a header that lists headers', read: listedLines },
  setting: { of: 'head', takes: 'a setting', read: ({ values }, name) => values?.[name] },
  sha256hex: { of: 'body', binds: 'all', read: ({ bytes }) => hash('sha256', bytes, 'hex') },
  base64: { of: 'body', binds: 'all', read: ({ bytes }) => bytes.toString('base64') },
  form: { of: 'body', binds: 'all', isText: true, read: (body) => joinedFields(body) },
  field: { of: 'body', takes: 'a field', binds: 'some', read: (body, name) => body.field(name) ?? '' },
  member: { of: 'body', takes: 'a member', binds: 'some', read: (body, path) => body.member(path) ?? '' },
  lines: { of: 'body', takes: 'members', binds: 'some', read: (body, names) => linesOfMembers(body, names) },
};

/** A body that is being checked: read as JSON or as a form only if something in it is asked for. */
export class SignedBody {
  readonly bytes: Buffer;
  // Most bodies are never asked for either.
  #json?: Exact;
  #fields?: readonly (readonly [string, string])[] | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The text of a member, a number as it was written. Of a list only the first is ever signed, so there may be no second. */
  member(path: string): string | undefined {
    // What is no JSON, or says a member twice, has no members.
    this.#json ??= exactValue(this.bytes.toString('utf8', jsonStartOf(this.bytes))) ?? null;
    let value: Exact | undefined = this.#json;
    for (const name of path.split('.')) {
      if (value instanceof Map) value = value.get(name);
      else value = Array.isArray(value) && name === '0' && value.length === 1 ? value[0] : undefined;
    }
    if (value instanceof NumberText) return value.text;
    return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
  }

  /** The one field of that name; undefined if there is none, or a second one. */
  field(name: string): string | undefined {
    const found = this.fields?.filter(([one]) => one === name) ?? [];
    return found.length === 1 ? found[0]?.[1] : undefined;
  }

  /** Undefined if it is no form. */
  get fields(): readonly (readonly [string, string])[] | undefined {
    this.#fields ??= readForm(this.bytes);
    return this.#fields;
  }
}

/** Stands for the fields of a body that has none: nobody has signed it. */
const NO_FORM = randomUUID();

/** Names and values in the order of the names. */
function joinedFields({ fields, bytes }: SignedBody): string {
  if (!fields) return NO_FORM + hash('sha256', bytes, 'hex');
  const sorted = [...fields].sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  return sorted.flat().join('');
}

/** Name and value, a line each, of those that are there. Only the first may have lines itself, or one text would have two readings. */
function linesOfMembers(body: SignedBody, names: string): string | undefined {
  const found = names.split(',').flatMap((name) => {
    const value = body.member(name);
    return value === undefined ? [] : [{ name, value }];
  });
  if (found.some(({ value }, at) => at > 0 && value.includes('\n'))) return undefined;
  return found.map(({ name, value }) => `${name}\n${value}\n`).join('');
}

/** Node gives headers as Latin-1, and their bytes are signed. */
function oneLine({ rawHeaders }: HeadFacts['head'], name: string): Buffer | undefined {
  const lines = headerLines(rawHeaders, name.toLowerCase());
  return lines.length === 1 ? Buffer.from(lines[0] as string, 'latin1') : undefined;
}

/** The registered URL. A query that came with the request stands in the registered one's place: senders add to it. */
function urlOf({ head: { query }, publicUrl }: HeadFacts): string | undefined {
  return query === '' ? publicUrl : publicUrl && `${publicUrl.replace(/\?.*$/s, '')}?${query}`;
}

function listedLines({ head }: HeadFacts, name: string): string | undefined {
  const listed = oneLine(head, name)?.toString('latin1').split(',') ?? [];
  const lines = listed.map(
    (one) => `${one.trim().toLowerCase()}:${oneLine(head, one.trim())?.toString('latin1').trim() ?? ''}`,
  );
  return lines.length === 0 ? undefined : lines.join(';');
}
