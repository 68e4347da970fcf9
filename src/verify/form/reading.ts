/** Reads a form once, at the start: its template becomes parts. What has a flaw was refused before (flaws.ts). */
import { headerLines } from '../verifier.ts';
import { type HeadPart, PARTS, type PartRow, type Piece } from './parts.ts';
import {
  algorithmName,
  isAsymmetric,
  keyNamePlace,
  type PublishedKey,
  placeHeaders,
  placeName,
  publishedKeyOf,
  type SignatureForm,
} from './vocabulary.ts';

/** A part that the head tells, and where it stands among the pieces. */
interface HeadPlace {
  readonly at: number;
  readonly row: HeadPart;
  readonly all: string;
  readonly name: string;
}

/** A form as it is checked with. */
export interface CompiledForm {
  readonly form: SignatureForm;
  readonly prefix: string;
  /** As node:crypto names it. */
  readonly hash: string;
  /** What the template signs, with a place for each part that the head tells. */
  readonly pieces: readonly Piece[];
  readonly heads: readonly HeadPlace[];
  /** Where the time is: kind and name of `header:X`. */
  readonly time: { readonly kind: string; readonly name: string } | undefined;
  readonly published: PublishedKey | undefined;
  /** Where a request names the published key that it is signed with. */
  readonly keyName: { readonly kind: string; readonly name: string } | undefined;
  readonly isAsymmetric: boolean;
  readonly unlike: RegExp | undefined;
  /** Place and algorithm, as evidence and metrics have them. */
  readonly label: string;
  /** The value may be kept as evidence: it stands in a header, is not the secret, and is over no header that a sender chooses. */
  readonly isEvidence: boolean;
  readonly signsUrl: boolean;
  /** Of the body a text is signed, and not its bytes: whoever has caught one can write it anew. */
  readonly signsText: boolean;
  /** Lower-case names of the headers in which the signature may come. */
  readonly headers: readonly string[];
  /** Of others that are signed, have the time or name the key, and of those that list such. */
  readonly others: readonly string[];
  readonly lists: readonly string[];
}

const HASHES = ['sha256', 'sha1', 'sha512'];
export const PLACEHOLDER = /\{(\w+)(?::([^{}]+))?\}/g;

export function compileForm(form: SignatureForm): CompiledForm {
  const time = form.time && timePlace(form.time.from);
  const published = publishedKeyOf(form);
  const named = published && keyNamePlace(published);
  const keyName = named && timePlace(named);
  const headers = lowerCase(placeHeaders(form.in));
  const lists = lowerCase(placeholderNames(form, 'listed'));
  const { pieces, heads } = templatePieces(form);
  const inHeader = [time, keyName].flatMap((place) => (place?.kind === 'header' ? [place.name] : []));
  return {
    form,
    prefix: form.prefix ?? '',
    hash: HASHES.find((name) => form.algorithm.endsWith(name)) ?? 'sha256',
    pieces,
    heads,
    time,
    published,
    keyName,
    isAsymmetric: isAsymmetric(form),
    unlike: 'unlike' in form ? form.unlike : undefined,
    label: `${placeName(form.in)} ${algorithmName(form.algorithm)}`,
    isEvidence: form.algorithm !== 'equal' && headers.length > 0 && lists.length === 0,
    signsText: signsText(form),
    signsUrl: heads.some(({ row }) => row === PARTS.url || row === PARTS.target),
    headers,
    others: [...new Set(lowerCase([...placeholderNames(form, 'header'), ...inHeader]).concat(lists))],
    lists,
  };
}

function signsText(form: SignatureForm): boolean {
  const rows = placeholdersIn(form.signed ?? '').map(({ word }) => PARTS[word]);
  const ofBody = rows.filter((row) => row?.of === 'body');
  const isAll = 'signsAll' in form && form.signsAll === true;
  return ofBody.length > 0 && ofBody.every(({ isText, binds }) => isText || (isAll && binds === 'some'));
}

function templatePieces({ signed = '' }: SignatureForm): Pick<CompiledForm, 'pieces' | 'heads'> {
  const pieces: Piece[] = [];
  const heads: HeadPlace[] = [];
  let from = 0;
  for (const { 0: all, 1: word = '', 2: name = '', index } of signed.matchAll(PLACEHOLDER)) {
    if (index > from) pieces.push(signed.slice(from, index));
    const row = PARTS[word] as PartRow;
    if (row.of === 'head') heads.push({ at: pieces.length, row, all, name });
    if (row.of === 'body') pieces.push((body) => row.read(body, name));
    else pieces.push(row.of === 'head' ? '' : row.piece);
    from = index + all.length;
  }
  if (from < signed.length) pieces.push(signed.slice(from));
  return { pieces, heads };
}

/** Each placeholder of a template: all of it, its word and its name. */
export function placeholdersIn(signed: string): { all: string; word: string; name: string | undefined }[] {
  return [...signed.matchAll(PLACEHOLDER)].map(([all, word = '', name]) => ({ all, word, name }));
}

/** The names that a form's placeholders of one kind have, as in `{header:X}`. */
export function placeholderNames({ signed = '' }: SignatureForm, kind: string): string[] {
  return placeholdersIn(signed).flatMap(({ word, name }) => (word === kind ? [name ?? word] : []));
}

/** The settings that a form reads, by the names that it has for them. */
export function settingNames(form: SignatureForm): string[] {
  const compared = (form.when ?? []).flatMap(({ is }) => (typeof is === 'string' ? [] : [is.setting]));
  return [...placeholderNames(form, 'setting'), ...compared];
}

/** Kind and name in `header:X`. */
export function timePlace(from: unknown): { kind: string; name: string } {
  const [, kind = '', name = ''] = /^(\w+):(.*)$/s.exec(String(from)) ?? [];
  return { kind, name };
}

/** The headers that one request signs, beside the one with the signature. */
export function signedHeaders(
  { others, lists }: CompiledForm,
  rawHeaders: readonly string[],
): readonly string[] {
  if (lists.length === 0) return others;
  const lines = lists.flatMap((name) => headerLines(rawHeaders, name));
  return [...new Set([...others, ...lowerCase(lines.flatMap((line) => line.split(',')))])];
}

function lowerCase(names: readonly string[]): string[] {
  return names.map((name) => name.trim().toLowerCase());
}
