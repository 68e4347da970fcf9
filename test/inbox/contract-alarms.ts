/** What an inbox keeps of alarms, so that each is told once and until it is heard, over restarts and replicas. */
import { expect, test } from 'vitest';
import type { Alarm, NotedAlarms } from '../../src/inbox/kept-alarms.ts';
import { type MakeDriver, openForEach, SOURCES } from './driver.ts';

const NOW = Date.now();
const alarm = (subject: string, says = 'it failed', since = NOW): Alarm => {
  return { kind: 'failing', subject, since, says, fix: 'Mend it.' };
};
const raised = (one: Alarm) => ({ type: 'alarm.raised', alarm: one });
const over = (one: Alarm) => ({ type: 'alarm.over', alarm: one });

/** A look: found, over, and how long after the first. */
function look(
  found: readonly Alarm[],
  ended: readonly Alarm[],
  afterMs: number,
  isTold = false,
): NotedAlarms {
  return {
    found: found.map((one) => ({ ...one, isTold })),
    over: ended,
    repeatMs: 10_000,
    calmMs: 1_000,
    now: NOW + afterMs,
  };
}

export function alarmsContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  test('an alarm is told once, keeps its beginning, and is told again when that is due', async () => {
    const { inbox } = opened;
    const [first, later] = [alarm('one/a'), alarm('one/a', 'it fails still', NOW + 500)];
    expect(await inbox.noteAlarms(look([first], [], 0))).toEqual([raised(first)]);
    expect(await inbox.noteAlarms(look([later], [], 500))).toEqual([]);
    expect((await inbox.openAlarms(NOW + 500)).raised).toEqual([{ ...later, since: NOW }]);
    expect(await inbox.noteAlarms(look([later], [], 10_000))).toEqual([raised({ ...later, since: NOW })]);
  });

  test('an alarm is over only when nobody has found it for a while, and once', async () => {
    const { inbox } = opened;
    const [one, end] = [alarm('one/a'), alarm('one/a', 'over after a while: it failed')];
    await inbox.noteAlarms(look([one], [], 0));
    expect(await inbox.noteAlarms(look([], [end], 999))).toEqual([]);
    expect(await inbox.noteAlarms(look([], [end], 1_000))).toEqual([over(end)]);
    expect(await inbox.noteAlarms(look([], [end], 3_000))).toEqual([]);
    expect((await inbox.openAlarms(NOW)).raised).toEqual([]);
    expect(await inbox.noteAlarms(look([one], [], 5_000))).toEqual([raised(one)]);
  });

  test('what was told while nothing could be kept is kept without being told again', async () => {
    const { inbox } = opened;
    expect(await inbox.noteAlarms(look([alarm('one/a')], [], 0, true))).toEqual([]);
    expect((await inbox.openAlarms(NOW)).raised).toHaveLength(1);
  });

  test('a clock that was set back keeps no alarm from being told or ended', async () => {
    const { inbox } = opened;
    const one = alarm('one/a');
    const day = 86_400_000;
    await inbox.noteAlarms(look([one], [], day));
    expect(await inbox.noteAlarms(look([], [one], 0))).toEqual([over(one)]);
  });

  test('what nobody has heard is asked for until somebody has, its newest state alone, and over a restart', async () => {
    const first = opened.inbox;
    const [one, other] = [alarm('one/a'), alarm('two/a')];
    await first.noteAlarms(look([one, other], [], 0));
    expect((await first.openAlarms(NOW + 1)).unheard).toEqual([]);
    await first.noteAlarmDelivery({
      news: { type: 'alarm.raised', alarm: other },
      isHeard: true,
      retriesUntil: 0,
    });
    const tries = { news: { type: 'alarm.raised', alarm: one }, isHeard: false } as const;
    await first.noteAlarmDelivery({ ...tries, retriesUntil: NOW + 50_000 });
    expect((await first.openAlarms(NOW + 49_999)).unheard).toEqual([]);
    expect((await first.openAlarms(NOW + 50_000)).unheard).toEqual([raised(one)]);
    expect((await first.openAlarms(NOW + 50_001)).unheard).toEqual([]);
    await first.noteAlarms(look([], [one], 60_000));
    // That it was raised has been heard at last, but it is over by now.
    await first.noteAlarmDelivery({ ...tries, isHeard: true, retriesUntil: 0 });
    await first.close();
    opened.inbox = await opened.driver.open(SOURCES);
    const second = opened.inbox;
    const later = NOW + 600_000;
    expect((await second.openAlarms(later)).unheard).toEqual([over({ ...one, fix: '' })]);
    await second.noteAlarmDelivery({
      news: { type: 'alarm.over', alarm: one },
      isHeard: true,
      retriesUntil: 0,
    });
    expect((await second.openAlarms(later + 600_000)).unheard).toEqual([]);
  });
}
