import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

const PER_SECOND = 200;
const FILL_AT_ONCE = 200;
/** Or twice what it is without a replay, whichever is more. */
const P99_MS = 100;

/** Everything is replayed while events come in. Nobody need be told: nothing is lost, and no answer is late. */
export const replay: Row = {
  name: 'bulk replay',
  isAlone: true,
  isQuiet: true,
  async play(scene, { events }) {
    await scene.start();
    const filler = scene.provider({ source: 'flexport', perSecond: 1 });
    while (filler.sent.length < events) {
      const batch = Array.from({ length: Math.min(FILL_AT_ONCE, events - filler.sent.length) }, () =>
        filler.send(),
      );
      await scene.until(
        () => batch.every(({ state }) => state !== 'under way'),
        60_000,
        'the inbox is not filled',
        2,
      );
    }
    const left = () => scene.rows('SELECT 1 FROM work LIMIT 1').length;
    await scene.until(() => left() === 0, 300_000, 'what it is filled with is not handled');
    const flintn = scene.provider({ source: 'flintn', perSecond: PER_SECOND }).start();
    await sleep(15_000);
    const before = p99(flintn.sent.flatMap(({ ms }) => ms));
    const from = flintn.sent.length;
    scene.begin();
    const counted = String(
      scene.rows("SELECT 1 FROM attempts WHERE outcome = 'done' AND handler = 'flexport/work'").length,
    );
    await scene.command(
      'events',
      'replay',
      '--state',
      'done',
      '--handler',
      'flexport/work',
      '--count',
      counted,
      '--yes',
    );
    await flintn.finish();
    const during = flintn.sent.slice(from);
    const refused = during.filter(({ statuses }) => statuses.some((status) => status !== 200)).length;
    if (refused > 0) scene.fault(`${refused} of ${during.length} were not answered with 200 at once`);
    const after = p99(during.flatMap(({ ms }) => ms));
    if (after > Math.max(P99_MS, 2 * before))
      scene.fault(`p99 was ${Math.round(after)} ms, and ${Math.round(before)} before`);
  },
};

function p99(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}
