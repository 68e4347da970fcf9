/** Part of contract.ts: tallies. */
import { expect, test } from 'vitest';
import { firstNumberAt } from '../../src/inbox/event-id.ts';
import type { MinuteTally, TallyRow } from '../../src/inbox/tallies.ts';
import { arrival, fresh, type MakeDriver, openForEach } from './driver.ts';

const MINUTE_MS = 60_000;
const DAY = 1_440;

export function talliesContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  const now = () => Math.floor(Date.now() / MINUTE_MS);
  /** `places`: what stands in the first places of the histogram. */
  const tally = (minute: number, outcome: string, count: number, ...places: number[]): MinuteTally => {
    const times = Array.from({ length: 12 }, (_, at) => places[at] ?? 0);
    return { kind: 'request', subject: 'one', outcome, minute, count, times };
  };
  const note = (...tallies: MinuteTally[]) => opened.inbox.noteCounts({ uses: [], tallies });
  const said = ({ step, bucket, kind, subject, outcome, count, times }: TallyRow) =>
    [step, bucket, kind, subject, outcome, count, times.join()] as const;
  const rows = () => opened.driver.rows().tallies.map(said);
  const zeros = (count: number) => Array(count).fill(0).join();

  test('counts and histograms are added to the minute and to its hour', async () => {
    const hour = 60 * Math.floor(now() / 60);
    await note(tally(hour + 3, 'accepted', 4, 3, 1));
    await note(tally(hour + 3, 'accepted', 2 ** 31, 1, 0, 5), tally(hour + 59, 'accepted', 1));
    expect(rows()).toEqual([
      [1, hour + 3, 'request', 'one', 'accepted', 2 ** 31 + 4, `4,1,5,${zeros(9)}`],
      [1, hour + 59, 'request', 'one', 'accepted', 1, zeros(12)],
      [60, hour, 'request', 'one', 'accepted', 2 ** 31 + 5, `4,1,5,${zeros(9)}`],
    ]);
  });

  test('what is told at once, of many subjects, is all there', async () => {
    const many = Array.from({ length: 1_200 }, (_, nth) => ({
      ...tally(600, 'done', 2, 1),
      kind: 'attempt' as const,
      subject: `one/h${nth % 600}`,
      minute: 600 + Math.floor(nth / 600),
    }));
    await Promise.all([note(...many), note(...many.toReversed())]);
    const stored = opened.driver.rows().tallies;
    expect(stored).toHaveLength(1_800);
    expect(stored.reduce((sum, { count }) => sum + count, 0)).toBe(1_200 * 2 * 2 * 2);
    expect(stored.every(({ count, times }) => times[0] === count / 2)).toBe(true);
  });

  test('minutes go after two days and hours after 400, in bounded steps, whatever becomes of events', async () => {
    const { id } = await opened.inbox.keep(arrival('still', fresh()));
    const ages = [0, 1.9, 2.1, 399, 401];
    await note(...ages.map((days) => tally(now() - Math.round(days * DAY), 'accepted', 1)));
    const old = Array.from({ length: 2_500 }, (_, nth) => tally(1_000 + nth, 'accepted', 1));
    await note(...old);
    let steps = 0;
    for (let more = true; more; steps++) {
      const step = await opened.inbox.purge(0, 0);
      expect(step.removed).toBe(0);
      more = step.more;
    }
    expect(steps).toBeGreaterThanOrEqual(3);
    const left = opened.driver.rows().tallies;
    const ageOf = ({ bucket }: TallyRow) => Math.round((now() - bucket) / DAY);
    expect(left.filter(({ step }) => step === 1).map(ageOf)).toEqual([2, 0]);
    expect(left.filter(({ step }) => step === 60).map(ageOf)).toEqual([399, 2, 2, 0]);
    expect(opened.driver.rows().events.map((event) => event.id)).toEqual([id]);
  });

  test('how often an event has come again is added up, and goes when the event does', async () => {
    const count = (event: number, many: number, lastAt: number) => ({ event, count: many, lastAt });
    const tell = (...duplicates: ReturnType<typeof count>[]) =>
      opened.inbox.noteCounts({ uses: [], tallies: [], duplicates });
    const [old, young] = [firstNumberAt(Date.now() - 1_000_000), firstNumberAt(Date.now())];
    await tell(count(old, 1, 5), count(young, 2, 9));
    await tell(count(young, 3, 7));
    const known = async () => {
      const reader = await opened.driver.reader();
      const counts = [await reader?.counts.duplicatesOf(old), await reader?.counts.duplicatesOf(young)];
      await reader?.close();
      return counts.map((one) => one && { ...one });
    };
    expect(await known()).toEqual([count(old, 1, 5), count(young, 5, 9)]);
    while ((await opened.inbox.purge(Date.now() - 500_000, 0)).more);
    expect(await known()).toEqual([undefined, count(young, 5, 9)]);
  });

  test('uses of secrets are noted with the counts', async () => {
    const use = { source: 'one', scheme: 'hmac', secret: 'f', form: '', count: 2, lastAt: Date.now() };
    await opened.inbox.noteCounts({ uses: [use, { ...use, source: 'left' }], tallies: [] });
    expect(rows()).toEqual([]);
  });
}
