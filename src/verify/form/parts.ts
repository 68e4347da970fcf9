/**
 * What may be signed: the placeholders of a template, one row each. reading.ts reads templates with them.
 *
 * What the head tells is read before the body is, and refused there if it is missing. The bytes of a body are signed as they
 * are and never made into text; only a part that names something inside of it reads it.
 */
import { hash, randomUUID } from 'node:crypto';
import { readForm } from '../../base/form-text.ts';
import { type Exact, exactValue, jsonStartOf, NumberText } from '../../base/json-text.ts';
import { type Head, headerLines } from '../verifier.ts';

/** Stands for the text of the secret. */
export const KEY = Symbol('key');
/** Bytes, or a text of which the UTF-8 is signed. */
export type KnownPiece = string | Buffer | typeof KEY;

/** What a signature may be about, as far as it is known before the body is. */
export interface HeadFacts {
  readonly head: Pick<Head, 'rawHeaders'>;
  /** The URL as it is registered with the provider, and with what that adds. Never from `Host`, which a sender chooses. */
  readonly publicUrl?: string | undefined;
  /** The values of the settings that templates name, by these names. */
  readonly values?: Readonly<Record<string, string>> | undefined;
  /** Of the value with the signature, by their names. */
  readonly pairs?: ReadonlyMap<string, string> | undefined;
}
export interface SignedFacts extends HeadFacts {
  readonly body: SignedBody;
  /** The text of the time. */
  readonly time?: string | undefined;
}

/** Reads a part whose placeholder has this name. Undefined: it is not there, or cannot be signed so. */
type ReadPart<Facts> = (facts: Facts, name: string) => KnownPiece | undefined;

/** Read with the head, or with the body. */
export interface PartRow {
  readonly head?: ReadPart<HeadFacts>;
  readonly body?: ReadPart<SignedFacts>;
  /** What the placeholder's name is of, as in `{header:X}`; left out: it has none. */
  readonly takes?: string;
  /** All of the body is signed by it, or only what it names. */
  readonly binds?: 'all' | 'some';
  /** It is all that the body says, and can be written in other bytes. */
  readonly isText?: true;
  /** It is made of the URL as registered. */
  readonly isUrl?: true;
}

export const PARTS: Readonly<Record<string, PartRow>> = {
  body: { body: ({ body }) => body.bytes, binds: 'all' },
  time: { body: ({ time = '' }) => time },
  key: { head: () => KEY },
  header: { head: ({ head }, name) => oneLine(head, name), takes: 'a header' },
  /** All others are answered with 405. */
  method: { head: () => 'POST' },
  url: { head: ({ publicUrl }) => publicUrl, isUrl: true },
  urlWithPort: { head: ({ publicUrl }) => publicUrl?.replace(ORIGIN, withPort), isUrl: true },
  urlWithoutPort: { head: ({ publicUrl }) => publicUrl?.replace(ORIGIN, '$<begin>'), isUrl: true },
  target: { head: ({ publicUrl }) => publicUrl?.replace(ORIGIN, ''), isUrl: true },
  listed: { head: listedLines, takes: 'a header that lists headers' },
  pair: { head: ({ pairs }, name) => pairs?.get(name), takes: 'a pair' },
  pairHeaders: { head: pairedLines, takes: 'a pair that lists headers' },
  setting: { head: ({ values }, name) => values?.[name], takes: 'a setting' },
  sha256hex: { body: ({ body }) => hash('sha256', body.bytes, 'hex'), binds: 'all' },
  base64: { body: ({ body }) => body.bytes.toString('base64'), binds: 'all' },
  form: { body: joinedFields, binds: 'all', isText: true },
  field: { body: ({ body }, name) => body.field(name) ?? '', takes: 'a field', binds: 'some' },
  member: { body: ({ body }, path) => body.member(path) ?? '', takes: 'a member', binds: 'some' },
  lines: { body: linesOfMembers, takes: 'members', binds: 'some' },
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

  /** null: what is no JSON, or says a member twice, has no members. */
  #read(): Exact {
    this.#json ??= exactValue(this.bytes.toString('utf8', jsonStartOf(this.bytes))) ?? null;
    return this.#json;
  }

  /** The text of a member, a number as it was written. Of a list only the first is ever signed, so there may be no second. */
  member(path: string): string | undefined {
    let value: Exact | undefined = this.#read();
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

  get isJson(): boolean {
    return this.#read() !== null;
  }

  /** Undefined if it is no form. */
  get fields(): readonly (readonly [string, string])[] | undefined {
    this.#fields ??= readForm(this.bytes);
    return this.#fields;
  }
}

/** Stands for the fields of a body that has none: nobody has signed it. */
const NO_FORM = randomUUID();

/** Names and values in their order; what is there twice counts once. */
function joinedFields({ body: { fields, bytes } }: SignedFacts): string {
  if (!fields) return NO_FORM + hash('sha256', bytes, 'hex');
  const byName = Map.groupBy(fields, ([name]) => name);
  return [...byName.keys()]
    .sort()
    .flatMap((name) => [...new Set(byName.get(name)?.map(([, value]) => name + value))].sort())
    .join('');
}

/** Name and value, a line each, of those that are there. Only the first may have lines itself, or one text would have two readings. */
function linesOfMembers({ body }: SignedFacts, names: string): string | undefined {
  const all = names.split(',').map((name) => [name, body.member(name)] as const);
  const found = all.filter(([, value]) => value !== undefined);
  if (found.slice(1).some(([, value]) => value?.includes('\n'))) return undefined;
  return found.map(([name, value]) => `${name}\n${value}\n`).join('');
}

/** Node gives headers as Latin-1, and their bytes are signed. */
function oneLine({ rawHeaders }: HeadFacts['head'], name: string): Buffer | undefined {
  const lines = headerLines(rawHeaders, name.toLowerCase());
  return lines.length === 1 ? Buffer.from(lines[0] as string, 'latin1') : undefined;
}

const ORIGIN = /^(?<begin>(?<scheme>https?):\/\/(?:[^@/?]*@)?[^:/?]*)(?::(?<port>\d+))?/;

/** The port of its scheme, if the URL has none. */
function withPort(_all: string, begin: string, scheme: string, port = scheme === 'https' ? '443' : '80') {
  return `${begin}:${port}`;
}

function listedLines({ head }: HeadFacts, name: string): string | undefined {
  const textOf = (one: string) => oneLine(head, one.trim())?.toString('latin1');
  const lineOf = (one: string) => `${one.trim().toLowerCase()}:${textOf(one)?.trim() ?? ''}`;
  return textOf(name)?.split(',').map(lineOf).join(';');
}

/** The values of the headers that a pair lists, with blanks between. */
function pairedLines({ head, pairs }: HeadFacts, name: string): string | undefined {
  const texts = pairs
    ?.get(name)
    ?.split(' ')
    .map((one) => oneLine(head, one)?.toString('latin1'));
  return texts?.includes(undefined) ? undefined : texts?.join('.');
}
