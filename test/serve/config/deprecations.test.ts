/** What is deprecated goes on working, and the line to write in its place is told. Configurations of every minor version boot. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Problem } from '../../../src/base/errors.ts';
import {
  DEPRECATIONS,
  type Deprecation,
  renameKnobs,
  renameSettings,
} from '../../../src/serve/config/deprecations.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import { startService } from '../../harness/service.ts';

const until = '2.0.0';
const INVENTED: readonly Deprecation[] = [
  { old: 'DOOR_TOKEN', now: 'CONSOLE_TOKEN', since: '1.3.0', until },
  { old: 'GATE', now: undefined, since: '1.2.0', until },
  { old: 'patience.ms', now: 'inbox.deadlineMs', since: '1.3.0', until },
  { old: 'cacheMb', now: 'inboxCacheMb', since: '1.3.0', until },
];

test('a setting under its old name holds, with all its forms, and its value is not shown', () => {
  const warnings: Problem[] = [];
  const given = { DOOR_TOKEN_PREVIOUS: SECRET, DOOR_TOKEN_FILE: '/run/door', GATE: 'open', OTHER: '' };
  expect(renameSettings(given, warnings, INVENTED)).toEqual({
    ...given,
    CONSOLE_TOKEN_PREVIOUS: SECRET,
    CONSOLE_TOKEN_FILE: '/run/door',
  });
  expect(warnings).toEqual([
    {
      setting: 'DOOR_TOKEN_FILE',
      wrong: 'has been called CONSOLE_TOKEN since 1.3.0, and 2.0.0 will not know it',
      fix: 'Write in its place, with the value it has: CONSOLE_TOKEN_FILE=…',
    },
    expect.objectContaining({ setting: 'DOOR_TOKEN_PREVIOUS' }),
    {
      setting: 'GATE',
      wrong: 'has had no effect since 1.2.0, and 2.0.0 will not know it',
      fix: 'Take it out.',
    },
  ]);
  expect(JSON.stringify(warnings)).not.toContain(SECRET);
});

test('who has written the new name already is only told to take the old one out', () => {
  const given = { DOOR_TOKEN: 'old', CONSOLE_TOKEN: 'new' };
  expect(renameSettings(given, [], INVENTED)).toEqual(given);
  const knobs = { cacheMb: 1, inboxCacheMb: 2 };
  const warnings: Problem[] = [];
  expect(renameKnobs(knobs, warnings, INVENTED)).toEqual({ inboxCacheMb: 2 });
  expect(warnings).toMatchObject([{ fix: 'Take it out.' }]);
});

test('a knob under its old name holds, and the new lines are ready to be pasted', () => {
  const warnings: Problem[] = [];
  const given = { patience: { ms: 2_500, more: 1 }, cacheMb: 64, days: 7 };
  expect(renameKnobs(given, warnings, INVENTED)).toEqual({
    patience: { more: 1 },
    inbox: { deadlineMs: 2_500 },
    inboxCacheMb: 64,
    days: 7,
  });
  expect(warnings.map(({ wrong, fix }) => `${wrong}. ${fix}`)).toEqual([
    'patience.ms has been called inbox.deadlineMs since 1.3.0, and 2.0.0 will not know it. Write in its place: patience: { more: 1 }, inbox: { deadlineMs: 2500 },',
    'cacheMb has been called inboxCacheMb since 1.3.0, and 2.0.0 will not know it. Write in its place: inboxCacheMb: 64,',
  ]);
  for (const odd of [null, undefined, 'text', 5, { patience: 5 }, { patience: null }])
    expect(renameKnobs(odd, [], INVENTED)).toEqual(odd);
});

test('UPGRADING.md has the table', () => {
  const page = readFileSync(join(ROOT, 'UPGRADING.md'), 'utf8');
  const rows = DEPRECATIONS.map(({ old, now, ...row }) => {
    return `| \`${old}\` | ${now === undefined ? 'nothing: it has no effect' : `\`${now}\``} | ${row.since} | ${row.until} |`;
  });
  expect(page.match(/^\| `.*\| \d+\.\d+\.\d+ \| \d+\.\d+\.\d+ \|$/gm) ?? []).toEqual(rows);
});

/** The configuration of each minor version as it was, and what is said about it today. */
const RELEASES: Readonly<Record<string, readonly string[]>> = {
  0.1: [
    'config/service.ts: refused.countMax has had no effect since 0.2.0, and 1.0.0 will not know it. Write in its place: refused: { bytesMax: 67108864, days: 7 },',
  ],
  0.2: [],
};

test('every minor version has its configuration here', () => {
  expect(readdirSync(join(ROOT, 'test/fixtures/releases'))).toEqual(Object.keys(RELEASES).sort());
});

test.each(Object.entries(RELEASES))('the configuration of %s boots', async (release, warned) => {
  const service = await startService({ config: join(ROOT, 'test/fixtures/releases', release) });
  const warnings = service.lines().filter(({ setting }) => setting !== undefined);
  expect(await service.stop()).toBe(0);
  expect(warnings.map(({ msg }) => msg)).toEqual(warned);
});
