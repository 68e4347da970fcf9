/** The rules of alarms, one by one, on what a test says has happened. */
import { expect, test } from 'vitest';
import type { Look, WatchedSource } from '../../../src/serve/alarms/alarm.ts';
import { clockAlarm } from '../../../src/serve/alarms/clock.ts';
import { apartAlarm, failingAlarm } from '../../../src/serve/alarms/handlers.ts';
import { diskAlarm, inboxAlarm, unheardAlarm, unkeptAlarm } from '../../../src/serve/alarms/inbox.ts';
import { lostAlarm, observedAlarm } from '../../../src/serve/alarms/lost.ts';
import { refusalsAlarm } from '../../../src/serve/alarms/refusals.ts';
import { restartsAlarm } from '../../../src/serve/alarms/restarts.ts';
import type { Preset } from '../../../src/verify/preset.ts';
import { presets } from '../../../src/verify/presets-by-name.ts';
import { ask, MINUTE_MS, NOW, SOURCES, Watching } from './looking.ts';

const HOUR_MS = 60 * MINUTE_MS;
const alarmOf = (kind: string, subject = 'shippo') => ({ kind, subject, since: NOW, says: '', fix: '' });

test('twenty that fail alike after others had passed are told, whatever came before them', async () => {
  const watching = new Watching();
  for (let nth = 0; nth < 1_000; nth++) watching.tally.take(NOW);
  watching.refuse(19);
  expect(await ask(refusalsAlarm, watching.look())).toEqual([]);
  watching.refuse(1);
  const [found] = await ask(refusalsAlarm, watching.look());
  expect(found).toMatchObject({ subject: 'shippo', since: NOW + 1_000 });
  expect(found?.says).toBe(
    'shippo: the signature does not match any live secret; the last 20 requests were all refused, since 16:06 UTC, from 203.0.113.9 (20), where no genuine one ever came from: was the secret rotated? They are kept for 7 days and taken in once they pass; Shippo takes 401 for a last word: lost but for that',
  );
});

test('what can never be taken in is not promised', async () => {
  const saysOf = async (preset: Preset) => {
    const watching = new Watching();
    watching.tally.take(NOW);
    watching.refuse(20);
    const sources = [{ ...(SOURCES[0] as WatchedSource), preset }];
    return (await ask(refusalsAlarm, watching.look({ sources })))[0]?.says;
  };
  expect(await saysOf(presets.twilio as Preset)).toContain(
    'taken in once they pass (not what is signed with another query than the registered one, but for the digest of the body alone); ',
  );
  expect(await saysOf(presets.contentful as Preset)).toContain(
    'taken in once they pass (not what is signed with another query than the registered one or with listed headers that speak of credentials); ',
  );
  expect(await saysOf(presets['coinbase-cdp'] as Preset)).toContain(
    'taken in once they pass (not what is signed with listed headers that speak of credentials); ',
  );
  expect(await saysOf(presets.github as Preset)).toContain('taken in once they pass; ');
});

test('a source that speaks seldom is told of once its known senders have failed for an hour', async () => {
  const watching = new Watching();
  watching.tally.take(NOW);
  watching.refuse(4, { isKnown: true }, 20 * MINUTE_MS);
  expect(await ask(refusalsAlarm, watching.look())).toEqual([]);
  watching.refuse(1, { isKnown: true }, 20 * MINUTE_MS);
  expect(await ask(refusalsAlarm, watching.look())).toHaveLength(1);
});

test('noise of strangers is no alarm however long it lasts, and one of many in a moment does not stay', async () => {
  const watching = new Watching();
  watching.tally.take(NOW);
  const memory = refusalsAlarm.memory?.() ?? new Map();
  for (let nth = 0; nth < 300; nth++) {
    watching.refuse(1, { code: 'hmac_missing', looks: 'strange' }, 10 * MINUTE_MS);
    expect(await ask(refusalsAlarm, watching.look(), memory)).toEqual([]);
  }
  watching.refuse(30, { code: 'hmac_missing', looks: 'strange' });
  expect(await ask(refusalsAlarm, watching.look(), memory)).toHaveLength(1);
  watching.now += 11 * MINUTE_MS;
  expect(await ask(refusalsAlarm, watching.look(), memory)).toEqual([]);
  expect(await refusalsAlarm.isOpen?.(alarmOf('refusals'), watching.look(), memory)).toBe(false);
});

test('of several senders one that fails is told of beside good traffic, with its address', async () => {
  const watching = new Watching();
  for (let nth = 0; nth < 400; nth++) {
    watching.tally.take(watching.now);
    if (nth % 20 === 0) watching.refuse(1, { isKnown: true, address: '203.0.113.10' });
  }
  const [found] = await ask(refusalsAlarm, watching.look());
  expect(found?.says).toMatch(
    /; 20 of 420 requests in 10 minutes were refused, from 203\.0\.113\.10 \(20\), where genuine ones came from before, while others pass: does one of several senders differ/,
  );
});

test('what was refused as a whole goes on until something passes, or a secret proves what was refused', async () => {
  const watching = new Watching();
  watching.tally.take(NOW - 1);
  watching.refuse(20);
  const isOpen = () => refusalsAlarm.isOpen?.(alarmOf('refusals'), watching.look(), new Map());
  watching.now += 5 * HOUR_MS;
  expect(await isOpen()).toBe(true);
  watching.tally.prove(watching.now);
  expect(await isOpen()).toBe(false);
  // After a restart nobody knows for a while.
  const restarted = new Watching();
  restarted.tally.hear(NOW - HOUR_MS);
  const open = (now: number) =>
    refusalsAlarm.isOpen?.(alarmOf('refusals'), restarted.look({ now, listeningSince: NOW }), new Map());
  expect([await open(NOW + 23 * HOUR_MS), await open(NOW + 25 * HOUR_MS)]).toEqual([true, false]);
});

test('what is lost is over once it has not come for a while beside others that pass, or its address is let in', async () => {
  const watching = new Watching();
  const outside = { code: 'ip_not_allowed', looks: 'proven' } as const;
  watching.refuse(3, outside);
  expect((await ask(lostAlarm, watching.look()))[0]?.says).toMatch(
    /^shippo: 3 requests were refused, with a/,
  );
  watching.now += 30 * MINUTE_MS;
  expect(await ask(lostAlarm, watching.look())).toHaveLength(1);
  watching.tally.take(watching.now);
  expect(await ask(lostAlarm, watching.look())).toEqual([]);
  watching.refuse(1, outside);
  expect(await ask(lostAlarm, watching.look())).toHaveLength(1);
  watching.tally.see({ code: '', address: '203.0.113.9', isKnown: true, looks: 'proven' }, watching.now);
  expect(await ask(lostAlarm, watching.look())).toEqual([]);
  watching.refuse(1_000, { code: 'not_found', looks: 'strange' });
  expect(await ask(lostAlarm, watching.look())).toEqual([]);
});

test('what a check that is only observed would refuse is told of if it was passed before', async () => {
  const watching = new Watching();
  const taken = (wouldRefuse?: string) =>
    watching.tally.see(
      {
        code: '',
        address: '203.0.113.9',
        isKnown: true,
        looks: 'proven',
        proofs: [{ scheme: 'hmac', ...(wouldRefuse ? { wouldRefuse } : { secret: 'ab' }) }],
      },
      NOW,
    );
  for (let nth = 0; nth < 100; nth++) taken('hmac_missing');
  expect(await ask(observedAlarm, watching.look())).toEqual([]);
  taken();
  for (let nth = 0; nth < 20; nth++) taken('hmac_mismatch');
  expect((await ask(observedAlarm, watching.look()))[0]?.says).toBe(
    'shippo: hmac is only observed, and would have refused the last 20 events from 203.0.113.9 (20): the signature does not match any live secret',
  );
  taken();
  expect(await ask(observedAlarm, watching.look())).toEqual([]);
});

test('a clock beyond what is tolerated is told of by what is refused for it, replays aside, and a worse one is not over', async () => {
  const watching = new Watching();
  const late = (seconds: number) => `t=${Math.floor(watching.now / 1_000) - seconds},v1=00`;
  const memory = clockAlarm.memory?.();
  watching.refuse(100, { code: 'hmac_timestamp', signature: late(9_000) });
  expect(await ask(clockAlarm, watching.look(), memory)).toEqual([]);
  for (let nth = 0; nth < 20; nth++) watching.refuse(1, { code: 'hmac_timestamp', signature: late(600) });
  const [found] = await ask(clockAlarm, watching.look(), memory);
  expect(found?.says).toBe(
    'shippo: our clock is 10 minutes ahead of the times it signs, in the median of its last 20 requests',
  );
  watching.tally.signatures.length = 0;
  expect(await ask(clockAlarm, watching.look(), memory)).toHaveLength(1);
  const restarted = new Watching();
  expect(
    await clockAlarm.isOpen?.(alarmOf('clock'), restarted.look(), { found: new Map(), doubtMs: 0 }),
  ).toBe(true);
});

test('a handler that fails beside others that succeed in the same moment is no alarm', async () => {
  const watching = new Watching();
  const tally = watching.attempts.get('shippo/work');
  const find = () => ask(failingAlarm, watching.look());
  for (let second = 0; second < 100; second++) {
    tally?.note('done', 400, NOW + second * 1_000);
    tally?.note('retry', 50, NOW + second * 1_000);
  }
  expect(await find()).toEqual([]);
  tally?.note('dead', 20, NOW + 110_000);
  expect((await find())[0]?.says).toMatch(/^shippo\/work: its last 20 attempts all failed/);
  tally?.note('later', 5, NOW + 111_000);
  tally?.note('discarded', 1, NOW + 112_000);
  expect(await find()).toEqual([]);
});

test('a target that rests is told of at the second look', async () => {
  const memory = failingAlarm.memory?.();
  const backlog = [{ handler: 'shippo/work', state: 'pending', count: 12 }] as const;
  const resting = ['shippo/work'];
  const look = new Watching().look({
    status: async () => ({ inbox: 'x', backlog, oldestPendingAt: NOW, resting, paused: [] }),
  });
  expect(await ask(failingAlarm, look, memory)).toEqual([]);
  expect((await ask(failingAlarm, look, memory))[0]?.says).toBe(
    'shippo/work: what it delivers to is down and gets one event now and then; 12 events wait, and nothing is lost',
  );
});

test.each<[string, Parameters<typeof ask>[0], Partial<Look>, RegExp | undefined]>([
  [
    'a handler with a thread of its own',
    apartAlarm,
    { apart: [{ handler: 'a/b', since: NOW, reason: 'it kept its thread busy' }] },
    /^a\/b runs in a thread of its own: it kept its thread busy$/,
  ],
  ['two crashes', restartsAlarm, { crashes: [NOW - 2 * HOUR_MS, NOW - 2_000, NOW - 1_000] }, undefined],
  [
    'three crashes',
    restartsAlarm,
    { crashes: [NOW - 3_000, NOW - 2_000, NOW] },
    /^the service has ended 3 times/,
  ],
  [
    'a small disk with half of it free',
    diskAlarm,
    { disk: async () => ({ freeMb: 500, wholeMb: 1_000 }) },
    undefined,
  ],
  [
    'a small disk that is almost full',
    diskAlarm,
    { disk: async () => ({ freeMb: 49, wholeMb: 1_000 }) },
    /^49 MiB are free .* less than 50\. Once it is full, every webhook/,
  ],
  [
    'a large disk that is almost full',
    diskAlarm,
    { disk: async () => ({ freeMb: 10_000, wholeMb: 4e6 }) },
    /less than 10,240/,
  ],
  [
    'a receiver that has just failed',
    unheardAlarm,
    { unheard: { since: NOW - 20_000, reason: 'x' } },
    undefined,
  ],
  [
    'a receiver that is down',
    unheardAlarm,
    { unheard: { since: NOW - 30_000, reason: 'ECONNREFUSED' } },
    /^ALARM_URL has taken no alarm since 16:05 UTC: ECONNREFUSED$/,
  ],
  [
    'an inbox that is damaged',
    inboxAlarm,
    { trouble: { kind: 'damaged', reason: 'malformed' } },
    /answered with 503\. Shippo gives up after 20 seconds; Flintn tries for 27 hours, then .*; Flexport tries again, for how long is not known; Flatfile does not try again: lost$/,
  ],
  [
    'refused requests that are lost',
    unkeptAlarm,
    { refusalsLost: [{ source: 'flintn', why: 'flood', count: 7 }] },
    /^flintn: 7 refused requests were not kept/,
  ],
])('%s', async (_, rule, more, says) => {
  const found = await ask(rule, new Watching().look(more));
  expect(found.map((one) => one.says)).toEqual(says ? [expect.stringMatching(says)] : []);
});

test('a flood of one source makes two alarms, from however many addresses', async () => {
  const watching = new Watching();
  watching.tally.take(NOW);
  for (let nth = 0; nth < 20_000; nth++)
    watching.refuse(1, { address: `192.0.2.${nth % 250}`, code: 'hmac_malformed', looks: 'strange' }, 1);
  const look = watching.look({ refusalsLost: [{ source: 'shippo', why: 'flood', count: 15_000 }] });
  const rules = [refusalsAlarm, lostAlarm, observedAlarm, unkeptAlarm, clockAlarm];
  const found = await Promise.all(rules.map((rule) => ask(rule, look)));
  expect(found.flat()).toHaveLength(2);
  expect(found[0]?.[0]?.says).toMatch(/and others \(\d+\)/);
  expect(SOURCES).toHaveLength(4);
});
