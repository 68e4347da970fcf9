/**
 * What the running service may ask of its inbox in the thread that reads (reading.ts): one row a question. Each is bounded, and reads
 * what is committed. Run by reading-thread.ts; whoever asks sees the answer as it is here.
 */
import type { StateShape } from '../verify/preset.ts';
import type { ActionWish } from './actions.ts';
import { type ChartWish, readCharted } from './charted.ts';
import type { FailureFilter } from './failures.ts';
import { findByText } from './finding.ts';
import type { InboxReader } from './reader.ts';
import type { PageOptions } from './search.ts';
import type { Selection } from './selection.ts';
import { PastHours, readStanding } from './standing.ts';
import type { StoredSource } from './stored-source.ts';
import { readStory } from './story.ts';
import type { TallyWish } from './tallies.ts';

type StoredSources = ReadonlyMap<string, StoredSource>;

const pastHours = new PastHours();
const PROOFS_LOOKED_AT = 100;
/** The proofs come with the body. */
const PROOFS_BYTES_MOST = 16 * 1_048_576;

async function readNewestProofs(reader: InboxReader, sources: StoredSources, source: string) {
  const { events } = await reader.search({ source }, sources).page({
    limit: PROOFS_LOOKED_AT,
    bound: { looks: 20_000, ms: 200 },
  });
  let bytes = 0;
  const chosen = events.filter((event) => {
    bytes += event.bytes ?? 0;
    return bytes <= PROOFS_BYTES_MOST;
  });
  return await reader.proofs(chosen.map(({ number }) => number));
}

/** Behind the two that every row gets comes what is asked. */
type ReadingRow = (reader: InboxReader, sources: StoredSources, ...given: never[]) => unknown;

export const READINGS = {
  standing: (reader, _sources, now: number) => readStanding(reader, now, pastHours),
  page: (reader, sources, selection: Selection, options: Omit<PageOptions, 'onProgress'>) =>
    reader.search(selection, sources).page(options),
  find: (reader, sources, text: string, limit: number) => findByText(reader, sources, text, limit),
  story: (reader, sources, number: number, states: ReadonlyMap<string, StateShape>) =>
    readStory(reader, sources, number, states),
  /** Undefined if there is no such event. */
  event: (reader, _sources, number: number) => reader.show(number),
  evidence: (reader, _sources, number: number) => reader.evidence(number),
  tallies: (reader, _sources, wish: TallyWish) => reader.counts.tallies(wish),
  charted: (reader, _sources, wish: ChartWish) => readCharted(reader, wish),
  failures: (reader, _sources, filter: FailureFilter) => reader.failures(filter),
  secretUses: (reader) => reader.secretUses(),
  alarms: (reader, _sources, limit: number) => reader.alarms(limit),
  actions: (reader, _sources, limit: number, before?: number) => reader.actions.list(limit, before),
  action: (reader, _sources, id: number) => reader.actions.one(id),
  oldestDue: (reader, _sources, handlers: readonly string[]) => reader.counts.oldestDue(handlers),
  replicas: (reader) => reader.counts.replicas(),
  /** How the newest events of a source passed their checks. */
  proofs: readNewestProofs,
  countStep: (reader, sources, wish: Pick<ActionWish, 'verb' | 'selection' | 'upTo'>, after: number) =>
    reader.actions.countStep(sources, wish, after),
} as const satisfies Readonly<Record<string, ReadingRow>>;

type Readings = typeof READINGS;
export type ReadingName = keyof Readings;
export type ReadingGiven<Name extends ReadingName> =
  Parameters<Readings[Name]> extends [unknown?, unknown?, ...infer Rest] ? Rest : never;
export type ReadingAnswer<Name extends ReadingName> = Awaited<ReturnType<Readings[Name]>>;
