/**
 * What is kept of the head of a refused request, so that it can be judged again. Asked by serve/http/refused.ts for each; the words
 * about what cannot be judged are for alarms and docs.
 *
 * Kept are the headers that a check reads, those that the request itself says are signed, and those by which a handshake is known.
 * Of a query, which may hold tokens, only a digest of the body. A sender chooses the names that it lists: they are bounded, and one
 * that speaks of a credential is not kept unless a check reads it.
 */
import { isSensitive } from '../base/log/redact.ts';
import { judgedHeadersOf } from './checks.ts';
import { type CompiledForm, compileForm, placeholderNames, signedHeaders, signsUrl } from './form/reading.ts';
import { readHandshakes } from './handshake.ts';
import type { Preset } from './preset.ts';
import { type Head, headerLines } from './verifier.ts';

/** Providers list a dozen. */
const LISTED_MOST = 64;
const NAME_MOST = 100;
const SHA256_HEX = /^[\da-f]{64}$/;

type ReadHead = Pick<Head, 'rawHeaders' | 'query'>;

/** Answers with the part of a request's head that it can be judged by. */
export function judgedPart(preset: Preset): (head: ReadHead) => ReadHead {
  const handshakes = readHandshakes(preset).flatMap(({ places }) => places);
  const always = [
    ...judgedHeadersOf(preset),
    ...handshakes.flatMap(({ kind, name }) => (kind === 'header' ? name.toLowerCase() : [])),
  ];
  const listing = preset.forms.filter(signsListed).map(compileForm);
  const digests = new Set(preset.forms.flatMap(({ bodyDigest }) => bodyDigest?.query ?? []));

  return function readJudged(head) {
    const listed = listing.flatMap((form) => [...signedHeaders(form, head), ...pairedHeaders(form, head)]);
    const names = new Set([...always, ...bounded(listed, head)]);
    return { rawHeaders: linesNamed(head.rawHeaders, names), query: digestsIn(head.query, digests) };
  };
}

/** Which of a source's requests can never pass when they are judged again; undefined if all can. */
export function whatIsNotJudged({ forms }: Pick<Preset, 'forms'>): string | undefined {
  const but = forms.some(({ bodyDigest }) => bodyDigest) ? ', but for the digest of the body alone,' : '';
  const kinds = [
    ...(forms.some(signsUrl) ? [`another query than the registered one${but}`] : []),
    ...(forms.some(signsListed) ? ['listed headers that speak of credentials'] : []),
  ];
  return kinds.length === 0 ? undefined : `what is signed with ${kinds.join(' or with ').replace(/,$/, '')}`;
}

/** Each request says which headers its signature is over. */
function signsListed(form: Preset['forms'][number]): boolean {
  return ['listed', 'pairHeaders'].some((kind) => placeholderNames(form, kind).length > 0);
}

/** Of names that a sender chose those that it may have kept. */
function bounded(listed: readonly string[], { rawHeaders }: ReadHead): string[] {
  if (listed.length === 0) return [];
  const there = new Set(rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()));
  const isSafe = (name: string) => there.has(name) && name.length <= NAME_MOST && !isSensitive(name);
  return [...new Set(listed)].filter(isSafe).slice(0, LISTED_MOST);
}

/** The headers that a pair of the signature's value lists. */
function pairedHeaders({ form, headers, layout }: CompiledForm, { rawHeaders }: ReadHead): string[] {
  const values = headers.flatMap((name) => headerLines(rawHeaders, name));
  return placeholderNames(form, 'pairHeaders').flatMap((pair) =>
    values.flatMap((value) => layout.read(value)?.pairs?.get(pair)?.toLowerCase().split(' ') ?? []),
  );
}

function linesNamed(raw: readonly string[], names: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (names.has((raw[at] as string).toLowerCase())) lines.push(raw[at] as string, raw[at + 1] as string);
  }
  return lines;
}

function digestsIn(query: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return '';
  const given = new URLSearchParams(query);
  const digests = [...names].map((name) => [name, given.get(name) ?? ''] as const);
  return digests.flatMap(([name, value]) => (SHA256_HEX.test(value) ? `${name}=${value}` : [])).join('&');
}
