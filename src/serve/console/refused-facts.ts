/**
 * What the pages of refused requests show: groups of one source and one code. How many there were is counted in the tallies, of all
 * replicas; what can be looked at is what this machine keeps, which is bounded, and of those alone that could not be proven (401).
 */
import { hostname } from 'node:os';
import { DAY_MS, HOUR_MS, iso, MINUTE_MS } from '../../base/times.ts';
import { capitalized } from '../../base/words.ts';
import type { Judgement } from '../../inbox/refused/judgement.ts';
import { LOSS_REASONS } from '../../inbox/refused/losses.ts';
import type { LostGroup, RefusedFailure, RefusedFilter } from '../../inbox/refused/reader.ts';
import { shownBody } from '../../inbox/refused/shown.ts';
import { TAKEN_OUTCOMES, type TallyRow } from '../../inbox/tallies.ts';
import { fixFor, refusalOf } from '../../verify/refusals.ts';
import type { Config } from '../config/config.ts';
import { sourceNamed } from '../config/source.ts';
import { type BodyText, bodyText } from './body-text.ts';
import { sinceIn } from './forms.ts';
import { PageError, type PageRequest, type PageSource } from './page.ts';

/** Minutes are counted for two days; hours are coarser, and stay. */
const BY_MINUTE_MS = 2 * HOUR_MS;

interface Remedy {
  readonly status: number;
  readonly means: string;
  readonly asks: string;
  readonly fix: string;
}

export interface RefusedCause extends Remedy {
  readonly source: string;
  readonly code: string;
  readonly counted: number;
  readonly kept: number;
  readonly addresses: readonly Omit<RefusedFailure, 'source' | 'code'>[];
}

export interface RefusedList {
  readonly machine: string;
  readonly since: string;
  readonly causes: readonly RefusedCause[];
  readonly more: number;
  readonly lost: readonly (LostGroup & { readonly says: string })[];
  readonly sources: readonly string[];
}

/** Of the query: `since` (a day if left out), `source`, `code`, `address`. */
export async function readRefusedList(
  { reading, refused, config }: PageSource,
  { query, now }: PageRequest,
): Promise<RefusedList> {
  const since = sinceIn(query, now) ?? now - DAY_MS;
  const filter = { ...refusedChoiceIn(query), since };
  const step = now - since <= BY_MINUTE_MS ? 1 : 60;
  const from = since - (since % (step * MINUTE_MS));
  const [{ groups, more }, tallies, lost] = await Promise.all([
    refused.ask('failures', filter),
    reading.ask('tallies', { step, from, until: now + HOUR_MS, kind: 'request' }),
    refused.ask('lost', filter.source),
  ]);
  const reasons: Readonly<Record<string, string>> = LOSS_REASONS;
  return {
    machine: hostname(),
    since: iso(since),
    causes: causesOf(groups, tallies, filter, config()),
    more,
    lost: lost.map((group) => ({ ...group, says: reasons[group.why] ?? group.why })),
    sources: config().sources.map(({ name }) => name),
  };
}

function refusedChoiceIn(query: URLSearchParams): Omit<RefusedFilter, 'since'> {
  const given = ['source', 'code', 'address'].flatMap((name) => {
    const value = query.get(name)?.trim();
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(given);
}

function remedyOf(code: string, source: string, config: Pick<Config, 'sources'>): Remedy {
  const { status, says: means, asks } = refusalOf(code);
  return {
    status,
    means,
    asks: capitalized(asks),
    fix: fixFor(code, sourceNamed(source, config)),
  };
}

/** Those with most first. An address is known of what is kept alone. */
function causesOf(
  groups: readonly RefusedFailure[],
  tallies: readonly TallyRow[],
  { source, code, address }: RefusedFilter,
  config: Pick<Config, 'sources'>,
): RefusedCause[] {
  const causes = new Map<
    string,
    { source: string; code: string; counted: number; addresses: RefusedFailure[] }
  >();
  const causeOf = (one: { source: string; code: string }) => {
    const key = `${one.source} ${one.code}`;
    const known = causes.get(key) ?? { ...one, counted: 0, addresses: [] };
    causes.set(key, known);
    return known;
  };
  for (const group of groups) causeOf({ source: group.source, code: group.code }).addresses.push(group);
  for (const { subject, outcome, count } of tallies) {
    if (TAKEN_OUTCOMES.includes(outcome)) continue;
    const isMeant = (source ?? subject) === subject && (code ?? outcome) === outcome;
    const isKnown = causes.has(`${subject} ${outcome}`);
    if (isMeant && (address === undefined || isKnown))
      causeOf({ source: subject, code: outcome }).counted += count;
  }
  return [...causes.values()]
    .map(({ addresses, ...cause }) => ({
      ...cause,
      ...remedyOf(cause.code, cause.source, config),
      kept: addresses.reduce((sum, { count }) => sum + count, 0),
      addresses: addresses.map(({ source: _, code: __, ...rest }) => rest),
    }))
    .toSorted((one, other) => Math.max(other.counted, other.kept) - Math.max(one.counted, one.kept));
}

export interface RefusedOne extends Remedy {
  readonly id: string;
  readonly machine: string;
  readonly receivedAt: string;
  readonly source: string;
  readonly code: string;
  readonly reason: string;
  readonly address: string;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: readonly string[];
  readonly body: BodyText;
  readonly judgement: Judgement & { readonly says: string };
}

export async function readRefusedOne(
  { refused, judge, config }: PageSource,
  { params: { ref: id = '' } }: PageRequest,
): Promise<RefusedOne> {
  const [request, judgement] = await Promise.all([refused.ask('details', id), judge(id)]);
  if (!request || !judgement)
    throw new PageError(
      404,
      `no refused request ${id} is kept on ${hostname()}: it was accepted since, discarded, is past its days, or is at another replica`,
    );
  const preset = config().sources.find(({ name }) => name === request.source)?.preset;
  const bytes = Buffer.from(request.body);
  const shown = preset ? shownBody(bytes, preset) : bytes;
  return {
    ...request,
    ...remedyOf(request.code, request.source, config()),
    machine: hostname(),
    body: bodyText(shown, shown.length, 'pretty'),
    judgement: { ...judgement, says: judgementText(judgement) },
  };
}

function judgementText(judgement: Judgement): string {
  if (judgement.passes === 'all') return 'It passes now: judge it again, and it becomes an event.';
  if (judgement.passes === 'handshake')
    return 'It passes now, and is a handshake: judge it again, and it goes. Start the handshake at the provider again.';
  if (judgement.passes === 'no')
    return `It still fails: ${judgement.code}, ${refusalOf(judgement.code).says}.`;
  return 'It passes the checks that are enforced now, but not all that were enforced when it came: a person must say that these are enough.';
}

/** What a person is asked before an act on several of them. */
export interface RefusedConfirmation {
  readonly machine: string;
  readonly choice: Omit<RefusedFilter, 'since'> & { readonly ids?: readonly string[] };
  readonly found: number;
}

export async function readRefusedConfirmation(
  { refused }: PageSource,
  { query }: PageRequest,
): Promise<RefusedConfirmation> {
  const ids = query.getAll('ids').filter((id) => id !== '');
  const choice = { ...refusedChoiceIn(query), ...(ids.length > 0 && { ids }) };
  return { machine: hostname(), choice, found: await refused.ask('count', choice) };
}
