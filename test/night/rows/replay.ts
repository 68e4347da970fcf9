import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../rows.ts';

const PER_SECOND = 200;
const FILL_AT_ONCE = 200;

/**
 * Everything is replayed while events come in. Nobody need be told: nothing is lost, and each event is answered with 200 at once.
 * What is promised of p99 is measured by `npm run bench -- replay`, where nothing else wants the cores.
 */
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
    // Counted by the database: this process measures, and must not stand still.
    const counting =
      "SELECT count(*) AS count FROM attempts WHERE outcome = 'done' AND handler = 'flexport/work'";
    const left = () => scene.rows('SELECT 1 FROM work LIMIT 1').length;
    await scene.until(() => left() === 0, 300_000, 'what it is filled with is not handled');
    const [{ count } = { count: 0 }] = scene.rows<{ count: number }>(counting);
    const flintn = scene.provider({ source: 'flintn', perSecond: PER_SECOND }).start();
    await sleep(15_000);
    const before = p99(flintn.sent.flatMap(({ ms }) => ms));
    const from = flintn.sent.length;
    scene.begin();
    await scene.command(
      'events',
      'replay',
      '--state',
      'done',
      '--handler',
      'flexport/work',
      '--count',
      String(count),
      '--yes',
    );
    await flintn.finish();
    const during = flintn.sent.slice(from);
    const refused = during.filter(({ statuses }) => statuses.some((status) => status !== 200)).length;
    if (refused > 0) scene.fault(`${refused} of ${during.length} were not answered with 200 at once`);
    const after = p99(during.flatMap(({ ms }) => ms));
    process.stderr.write(`${this.name}: p99 was ${Math.round(after)} ms, and ${Math.round(before)} before\n`);
  },
};

function p99(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}
