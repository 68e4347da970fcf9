/** The list of alarms, against the table that tells people of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALARM_RULES } from '../../../src/serve/alarms/alarm-rules.ts';
import { ROOT } from '../../harness/project.ts';

test('docs/alarms.md tells of every kind of alarm, and of no other', () => {
  const page = readFileSync(join(ROOT, 'docs/alarms.md'), 'utf8');
  const [, table = ''] = /^\| kind \| when \|\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const documented = table.split('\n').flatMap((row) => {
    const [, kinds = ''] = row.split('|');
    return [...kinds.matchAll(/`(\w+)`/g)].map(([, kind]) => kind);
  });
  expect(documented.sort()).toEqual(ALARM_RULES.map(({ kind }) => kind).sort());
});

test('no two kinds have one name', () => {
  const kinds = ALARM_RULES.map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
});
