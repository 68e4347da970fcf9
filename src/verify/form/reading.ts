/**
 * Reads a form once, at the start: its template becomes pieces, and what the verifier asks for each request is known from then on.
 * What has a flaw was refused before (flaws.ts). Also answers what a template names, for docs, settings and handshakes.
 */
import { hash } from 'node:crypto';
import { headerLines } from '../verifier.ts';
import { ALGORITHMS, type AlgorithmRow } from './algorithms.ts';
import { type HeadFacts, type KnownPiece, PARTS, type SignedFacts } from './parts.ts';
import { layoutOf } from './value.ts';
import { isAsymmetric, placeHeaders, placeName, publishedKeyOf, type SignatureForm } from './vocabulary.ts';

/** A form as it is checked with. */
export type CompiledForm = ReturnType<typeof compileForm>;

export function compileForm(form: SignatureForm) {
  const { algorithm, signed = '' } = form;
  const published = publishedKeyOf(form);
  const time = placeFrom(form.time?.from);
  const keyName = published && placeFrom('jwks' in published ? published.kid : published.certificate);
  const placeholders = placeholdersIn(signed);
  const ofBody = placeholders.flatMap(({ row }) => (row?.binds ? row : []));
  const headers = placeHeaders(form.in).map(lowerCase);
  const places = [...placeholders, ...[time, keyName].flatMap((one) => one ?? [])];
  const headersIn = (word: string) =>
    places.flatMap((one) => (one.word === word ? lowerCase(one.name ?? '') : []));
  const lists = headersIn('listed');
  const pairHeaders = placeholderNames(form, 'pairHeaders');
  const timePair = time?.word === 'pair' ? [time.name ?? ''] : [];
  return {
    form,
    algorithm: ALGORITHMS[algorithm] as AlgorithmRow,
    isAsymmetric: isAsymmetric(form),
    layout: layoutOf(form, [...new Set([...timePair, ...placeholderNames(form, 'pair'), ...pairHeaders])]),
    /** What is signed: texts, and the placeholders between them, of which some may be told by the head. */
    readsHead: placeholders.some(({ row }) => row?.head),
    pieces: signed.match(/\{[^{}]+\}|[^{}]+/g)?.map((text): Piece => placeholdersIn(text)[0] ?? text) ?? [],
    /** Where the time is, and where a request names the published key that it is signed with: as a placeholder has it. */
    time,
    keyName,
    published,
    /** Place and algorithm, as evidence and metrics have them. */
    label: `${placeName(form.in)} ${algorithmName(algorithm)}`,
    /** The value may be kept as evidence: it stands in a header, is not the secret, and is over no header that a sender chooses. */
    isEvidence: algorithm !== 'equal' && headers.length > 0 && lists.length === 0 && pairHeaders.length === 0,
    signsUrl: signsUrl(form),
    /** Of the body a text is signed, and not its bytes: whoever has caught one can write it anew. */
    signsText:
      ofBody.length > 0 && ofBody.every(({ isText, binds }) => isText || (form.signsAll && binds === 'some')),
    /** Lower-case names of the headers in which the signature may come. */
    headers,
    /** Of others that are signed, have the time or name the key, and of those that list such. */
    others: [...new Set([...headersIn('header'), ...lists])],
    lists,
    /** The time is signed only if the request lists its header. */
    listsTime: lists.length > 0 && time?.word === 'header' && !signed.includes('{time}'),
    /** Whoever knows a digest that begins with the secret can go on with it, in bytes that are no JSON. */
    isOfJson: ALGORITHMS[algorithm].key === 'text' && signed.startsWith('{key}'),
  };
}

/** Names the algorithm in evidence, metrics and docs: an HMAC by its hash alone. */
export function algorithmName(algorithm: string): string {
  return algorithm.replace(/^hmac-/, '');
}

export const PLACEHOLDER = /\{(\w+)(?::([^{}]+))?\}/g;
export type Placeholder = ReturnType<typeof placeholdersIn>[number];

/** Each placeholder of a template: all of it, its word, its name, and its row of the table if it has one. */
export function placeholdersIn(template: string) {
  return [...template.matchAll(PLACEHOLDER)].map(([all, word = '', name]) => {
    return { all, word, name, row: Object.hasOwn(PARTS, word) ? PARTS[word] : undefined };
  });
}

/** `header:X`, as a placeholder would have it. */
export function placeFrom(from = ''): Placeholder | undefined {
  return placeholdersIn(`{${from}}`)[0];
}

/** The names that a form's placeholders of one kind have, as in `{header:X}`. */
export function placeholderNames({ signed = '' }: SignatureForm, kind: string): string[] {
  return placeholdersIn(signed).flatMap(({ word, name }) => (word === kind ? [name ?? word] : []));
}

export function signsUrl({ signed = '' }: SignatureForm): boolean {
  return placeholdersIn(signed).some(({ row }) => row?.isUrl);
}

/** Senders may add these to a registered query: the token that query-token.ts looks at, and the digest that a form names. */
const TOKEN = /^token=/;
const DIGEST = /^([^=]+)=[\da-f]{64}$/;

/**
 * The URL that a request is signed over: the registered one, with what this sender may add to its query. Undefined if it came with
 * another query: where URL and body are signed without a mark between them, one could be cut off and put to the other.
 */
export function signedUrl(
  publicUrl: string,
  query: string,
  { bodyDigest }: SignatureForm,
): string | undefined {
  if (query === '') return publicUrl;
  const isAdded = (one: string) =>
    TOKEN.test(one) || (bodyDigest !== undefined && DIGEST.exec(one)?.[1] === bodyDigest.query);
  const ownOf = (all: string) =>
    all
      .split('&')
      .filter((one) => !isAdded(one))
      .join('&');
  const [base, registered = ''] = publicUrl.split(/\?(.*)/s);
  const own = ownOf(query);
  if (own === ownOf(registered)) return `${base}?${query}`;
  // As it is judged again: what is registered is not kept.
  return own === '' ? `${publicUrl}&${query}` : undefined;
}

/** The settings that a form reads, by the names that it has for them. */
export function settingNames(form: SignatureForm): string[] {
  const compared = (form.when ?? []).flatMap(({ is }) => (typeof is === 'string' ? [] : is.setting));
  return [...placeholderNames(form, 'setting'), ...compared];
}

/** The headers that one request signs, beside the one with the signature. */
export function signedHeaders(compiled: CompiledForm, head: HeadFacts['head']): string[] {
  const { others, lists } = compiled;
  return lists.length === 0 ? others : [...new Set([...others, ...listedHeaders(compiled, head)])];
}

/** The lower-case names in the headers that list such. */
export function listedHeaders({ lists }: CompiledForm, { rawHeaders }: HeadFacts['head']): string[] {
  return lists.flatMap((name) => headerLines(rawHeaders, name).join().split(',')).map(lowerCase);
}

function lowerCase(name: string): string {
  return name.trim().toLowerCase();
}

/** What is signed; a placeholder as long as what it stands for is not known. */
export type Piece = KnownPiece | Placeholder;

/** The pieces with what the facts tell, texts in a row as one, the body not copied; in words, if something is missing. */
export function fillPieces(pieces: readonly Piece[], facts: SignedFacts): KnownPiece[] | string;
export function fillPieces(pieces: readonly Piece[], facts: HeadFacts): Piece[] | string;
export function fillPieces(pieces: readonly Piece[], facts: HeadFacts | SignedFacts): Piece[] | string {
  const filled: Piece[] = [];
  for (const piece of pieces) {
    const value = isUnread(piece) ? readPart(piece, facts) : piece;
    if (value === undefined) return `${(piece as Placeholder).all} is not known, or there more than once`;
    const last = filled.at(-1);
    if (typeof value === 'string' && typeof last === 'string') filled[filled.length - 1] = last + value;
    else filled.push(value);
  }
  return filled;
}

/** Itself, as long as the body is not there that tells it. Undefined: it is not there, or cannot be signed so. */
function readPart(placeholder: Placeholder, facts: HeadFacts | SignedFacts): Piece | undefined {
  const { row, name = '' } = placeholder;
  if (row?.head) return row.head(facts, name);
  return 'body' in facts ? row?.body?.(facts, name) : placeholder;
}

/** What stands there as text; undefined if nothing does. */
export function partText(place: Placeholder | undefined, facts: HeadFacts | SignedFacts): string | undefined {
  return place && readPart(place, facts)?.toString();
}

function isUnread(piece: Piece): piece is Placeholder {
  return typeof piece === 'object' && (piece as Placeholder).row !== undefined;
}

/** Of what a body says to those pieces that read it, however it is written. */
export function digestOfTexts(pieces: readonly Piece[], facts: SignedFacts): string {
  const ofBody = pieces.filter(isUnread).filter(({ row }) => row?.binds);
  return hash('sha256', JSON.stringify(ofBody.map((piece) => String(readPart(piece, facts)))), 'hex');
}
