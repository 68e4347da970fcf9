/** Every command that an alarm names is one that there is, with these options: each is run. */
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openInboxFile } from '../../../src/inbox/sqlite/files.ts';
import type { Look } from '../../../src/serve/alarms/alarm.ts';
import { ALARM_RULES } from '../../../src/serve/alarms/alarm-rules.ts';
import { fixFor, REFUSALS } from '../../../src/verify/refusals.ts';
import { useFolder } from '../../harness/folder.ts';
import { SECRET } from '../../harness/project.ts';
import { ask, MINUTE_MS, NOW, SOURCES, Watching } from './looking.ts';

const { folder, consignee } = useFolder();
const path = join(folder, 'inbox.db');
const secrets = SOURCES.map(({ prefix }) => [`${prefix}_WEBHOOK_SECRET`, SECRET] as const);
const env = { DATABASE_URL: `sqlite:${path}`, CONSOLE_PORT: '1', ...Object.fromEntries(secrets) };
/** A usage that makes no sense, by sysexits.h. */
const EXIT_USAGE = 64;

const status = (work: Partial<Awaited<ReturnType<Look['status']>>>) => async () => {
  return { inbox: 'x', backlog: [], oldestPendingAt: null, resting: [], paused: [], ...work };
};
const pending = [{ handler: 'shippo/log', state: 'pending', count: 3 }] as const;
const observed = { scheme: 'hmac', wouldRefuse: 'hmac_mismatch' } as const;
const taken = { code: '', address: '203.0.113.9', isKnown: true, looks: 'proven' } as const;

/** For each kind what raises it. A look before that is asked for where two are needed. */
const RAISING: Readonly<Record<string, (watching: Watching) => readonly Partial<Look>[]>> = {
  refusals: (watching) => {
    watching.tally.take(NOW);
    watching.refuse(20);
    return [{}];
  },
  lost: (watching) => {
    for (const code of ['ip_not_allowed', 'not_found', 'encoding_unsupported', 'body_too_large'])
      watching.refuse(1, { code, looks: 'proven' });
    return [{ wired: SOURCES.map((source) => ({ ...source, schemes: [] })) }, {}];
  },
  observed: (watching) => {
    watching.tally.see({ ...taken, proofs: [{ scheme: 'hmac', secret: 'ab' }] }, NOW);
    for (let nth = 0; nth < 20; nth++) watching.tally.see({ ...taken, proofs: [observed] }, NOW);
    return [{}];
  },
  silence: (watching) => {
    for (let minute = 0; minute < 3 * 7 * 24 * 60; minute++)
      watching.tally.hear(NOW - 10 * MINUTE_MS - minute * MINUTE_MS);
    return [{}];
  },
  unkept: () => [{ refusalsLost: [{ source: 'shippo', why: 'flood', count: 3 }] }],
  failing: (watching) => {
    watching.attempts.get('shippo/work')?.note('retry', 20, NOW);
    const resting = status({ backlog: pending, resting: ['shippo/log'] });
    return [{ status: resting }, { status: resting }];
  },
  dead: () => [
    { status: status({}) },
    { status: status({ backlog: [{ handler: 'shippo/log', state: 'dead', count: 2 }] }) },
  ],
  backlog: () => [{ status: status({ backlog: pending, oldestPendingAt: NOW - 60 * MINUTE_MS }) }],
  apart: () => [{ apart: [{ handler: 'shippo/log', since: NOW, reason: 'it looped' }] }],
  restarts: () => [{ crashes: [NOW, NOW, NOW] }],
  clock: (watching) => {
    for (let nth = 0; nth < 20; nth++) watching.tally.sign(`t=${NOW / 1_000 - 600},v1=00`, NOW);
    return [{ status: status({ clockDoubtMs: 1e9 }) }];
  },
  inbox: () => [
    { takesWrites: false },
    { takesWrites: false },
    ...(['gone', 'damaged', 'failing'] as const).map((kind) => ({ trouble: { kind, reason: 'x' } })),
  ],
  disk: () => [{ disk: async () => ({ freeMb: 1, wholeMb: 1_000 }) }],
  look: () => {
    const unjudged = [{ kind: 'dead', reason: 'x' }];
    return [{ unjudged }, { unjudged }];
  },
  unheard: () => [{ unheard: { since: NOW - 60 * MINUTE_MS, reason: 'x' } }],
};

async function fixesOf({ kind, ...rule }: (typeof ALARM_RULES)[number]): Promise<string[]> {
  const watching = new Watching();
  const memory = rule.memory?.() ?? {};
  const fixes: string[] = [];
  for (const more of RAISING[kind]?.(watching) ?? [])
    fixes.push(...(await ask({ kind, ...rule }, watching.look(more), memory)).map(({ fix }) => fix));
  return fixes;
}

/** As one types them: `consignee …`, or `npm run … -- …`. */
function commandsIn(text: string): string[] {
  const found = [...text.matchAll(/`(?:npm run |consignee )([^`]+)`/g)];
  return found.map(([, words]) => (words as string).replace(' -- ', ' '));
}

beforeAll(() => openInboxFile(path).close());

test('every kind of alarm says what to do, and every command in it runs', async () => {
  const commands = new Set<string>();
  for (const rule of ALARM_RULES) {
    const fixes = await fixesOf(rule);
    expect(fixes, rule.kind).not.toEqual([]);
    for (const fix of fixes) {
      expect(fix, rule.kind).toMatch(/^\S.*[.?]$/);
      for (const command of commandsIn(fix)) commands.add(command);
    }
  }
  for (const code of Object.keys(REFUSALS)) {
    for (const command of commandsIn(fixFor(code, { name: 'flintn', prefix: 'FLINTN', preset: undefined })))
      commands.add(command);
  }
  expect(commands.size).toBeGreaterThan(12);
  const misused: string[] = [];
  for (const command of commands) {
    // It leads through steps and waits; and one shows an event, which it wants the id of.
    if (/^secret rotate|^events show$|^send/.test(command)) continue;
    const { code, output } = await consignee(command.split(' '), env);
    if (code === EXIT_USAGE) misused.push(`${command}: ${output.split('\n')[0]}`);
  }
  expect(misused).toEqual([]);
});
