/** What `check` makes of a status, and of a disk: each fact by itself. */
import { expect, test } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { statusLines } from '../../src/ops/status.ts';
import { judgeDisk } from '../../src/serve/check/machine.ts';
import { serviceFindings } from '../../src/serve/check/service.ts';
import { readConfig } from '../../src/serve/config/config.ts';
import { type ServiceFacts, type StatusFacts, statusOf } from '../../src/serve/status.ts';

const NOW = Date.UTC(2026, 2, 4, 12);
const { config } = readConfig({}, {}, []);
const SERVICE: ServiceFacts = {
  version: VERSION,
  startedAt: '2026-03-01T00:00:00.000Z',
  role: 'both',
  place: '/x',
  isReady: true,
};
const source = (name: string, taken: number, refused: Record<string, number> = {}) => ({
  ...{
    source: name,
    today: taken,
    usual: undefined,
    lastAt: NOW,
    lastHour: { taken, usual: undefined, refused },
  },
});
const WELL: StatusFacts = {
  sources: [{ name: 'shippo', schemes: ['hmac'] }],
  service: SERVICE,
  alarms: [],
  standing: { inbox: 'i', sources: [source('shippo', 5)], replicas: undefined },
  work: { backlog: [], oldestPendingAt: null, resting: [] },
  disk: { folder: '/x', freeMb: 9_000, wholeMb: 1_000_000, isReadOnly: false },
};

const found = (facts: Partial<StatusFacts>) =>
  serviceFindings(config, statusOf({ ...WELL, ...facts }), NOW).map(
    ({ verdict, subject, says }) => `${verdict}: ${subject}: ${says}`,
  );
const withSource = (taken: number, refused: Record<string, number>) =>
  found({ standing: { inbox: 'i', sources: [source('shippo', taken, refused)], replicas: undefined } });
const alarm = (kind: string) => ({ kind, subject: '', says: `${kind} says`, fix: 'Mend it', since: NOW });

test('what is well passes', () => {
  expect(found({}).filter((line) => !line.startsWith('pass: '))).toEqual([]);
  expect(statusOf(WELL).isWell).toBe(true);
});

test.each<[string, Partial<StatusFacts>, RegExp]>([
  ['takes nothing in', { service: { ...SERVICE, isReady: false } }, /^fail: service: .*503/],
  [
    'is another version',
    { service: { ...SERVICE, version: '0.0.9' } },
    /^warn: service: it runs version 0\.0\.9/,
  ],
  ['has an alarm', { alarms: [alarm('dead')] }, /^fail: alarm dead: dead says\. Mend it$/],
  ['cannot read its inbox', { standing: 'EIO', work: 'EIO' }, /^not known: counts, handlers: EIO$/],
])('a service that %s does not pass', (_, facts, line) => {
  expect(found(facts).filter((one) => line.test(one))).toHaveLength(1);
});

test('a service is well only if nothing is raised, nothing is unknown, and the disk can be written to', () => {
  const isWell = (facts: Partial<StatusFacts>) => statusOf({ ...WELL, ...facts }).isWell;
  expect(isWell({ service: { ...SERVICE, isReady: false } })).toBe(false);
  expect(isWell({ alarms: [alarm('unkept')] })).toBe(false);
  expect(isWell({ work: 'there was no answer' })).toBe(false);
  expect(isWell({ disk: { folder: '/x', freeMb: 9_000, wholeMb: 1_000_000, isReadOnly: true } })).toBe(false);
});

test('the worst alarms come first', () => {
  const alarms = ['unkept', 'silence', 'new kind', 'refusals', 'inbox'].map(alarm);
  const kinds = statusOf({ ...WELL, alarms }).alarms?.map(({ kind }) => kind);
  expect(kinds).toEqual(['inbox', 'refusals', 'silence', 'unkept', 'new kind']);
});

test('all of a source refused is a failure; some of it, or too few to tell, is a warning; nothing is not known', () => {
  expect(withSource(0, { hmac_mismatch: 3 })[2]).toMatch(
    /^fail: shippo last hour: of 3 requests all were not taken in \(3 hmac_mismatch\): .*SHIPPO_/,
  );
  expect(withSource(0, { hmac_missing: 2 })[2]).toMatch(/^warn: shippo last hour: of 2 requests all/);
  expect(withSource(9, { inbox_failed: 2, ip_denied: 7 })[2]).toMatch(
    /^warn: shippo last hour: of 18 requests 9 were not taken in \(7 ip_denied, 2 inbox_failed\)/,
  );
  expect(withSource(0, {})[2]).toBe('not known: shippo last hour: nothing has come');
});

test('what waits too long, is dead or held, or rests is a warning, with what to do', () => {
  const backlog = [
    { handler: 'shippo/a', state: 'pending', count: 2 },
    { handler: 'shippo/a', state: 'dead', count: 1 },
    { handler: 'shippo/b', state: 'held', count: 3 },
  ] as const;
  const lines = found({ work: { backlog, oldestPendingAt: NOW - 3_600_000, resting: ['shippo/a'] } });
  expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
    'warn: backlog: 2 deliveries waiting, the oldest event came 1 hour ago: `events list --state pending` names them',
    'warn: dead: 1 delivery with all attempts spent: `events list --state dead` names them; replay or discard them',
    'warn: held: 3 deliveries waiting for a person: `events list --state held` names them; replay or discard them',
    'warn: resting: shippo/a gets nothing, since what it delivers to is down',
  ]);
  const young = found({ work: { backlog, oldestPendingAt: NOW - 60_000, resting: [] } });
  expect(young.find((line) => line.includes('backlog'))).toMatch(/^pass: backlog: 2 deliveries waiting/);
});

test.each([
  ['pass', { freeMb: 600, wholeMb: 1_000_000, isReadOnly: false }],
  ['warn', { freeMb: 100, wholeMb: 1_000_000, isReadOnly: false }],
  ['fail', { freeMb: 3, wholeMb: 1_000_000, isReadOnly: false }],
  ['fail', { freeMb: 9_000, wholeMb: 1_000_000, isReadOnly: true }],
])('%s: a disk with %o', (verdict, disk) => {
  expect(judgeDisk({ folder: '/x', ...disk }, 'the inbox', 512)).toMatchObject({ verdict, subject: 'disk' });
});

test('however much there is to say, no line is wider than 80 columns, and the usual stands in brackets', () => {
  const names = Array.from({ length: 12 }, (_, nth) => `source-number-${nth}`);
  const usual = { count: 1_234, least: 1, most: 2 };
  const standing = {
    inbox: 'i',
    sources: names.map((name) => ({ ...source(name, 4_321, { hmac_mismatch: 7 }), usual })),
    replicas: 3,
  };
  const sources = [...names, 'silent-one'].map((name) => ({ name, schemes: ['hmac'] }));
  const lines = statusLines(statusOf({ ...WELL, sources, standing, alarms: [alarm('inbox')] }), NOW);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  const text = lines.join('\n').replaceAll(/\s+/g, ' ');
  expect(text).toContain('source-number-0 4,321 (1,234), source-number-1 4,321 (1,234)');
  expect(text).toContain('silent-one 0 (?); in brackets: usual by now');
  expect(text).toContain('waiting for the first event: silent-one');
  expect(text).toContain('3 replicas');
  expect(text).toContain('ALARM inbox, since 12:00Z: inbox says fix Mend it');
});

test.each([
  [0, 'clock right'],
  [600_000, 'clock perhaps wrong: 10 minutes ahead of the time in the inbox'],
  [-7_200_000, 'clock perhaps wrong: 2 hours behind the time in the inbox'],
])('a clock that is %i ms ahead', (doubtMs, said) => {
  const lines = statusLines({ ...statusOf(WELL), clock: { doubtMs } }, NOW).join('\n');
  expect(lines.replaceAll(/\s+/g, ' ')).toContain(`; ${said}`);
});
