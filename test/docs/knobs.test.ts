/** docs/knobs.md is the table of src/serve/config/knobs.ts, row by row. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Knob } from '../../src/base/settings/knob.ts';
import type { MembersRule } from '../../src/base/settings/rules.ts';
import { KNOBS } from '../../src/serve/config/knobs.ts';
import { ROOT } from '../harness/project.ts';

type Table = Readonly<Record<string, Knob | MembersRule<Record<string, Knob>>>>;

const withCommas = (text: string) => text.replace(/\d{5,}/g, (digits) => Number(digits).toLocaleString('en'));

function rowsOf(table: Table, before = ''): string[] {
  return Object.entries(table).flatMap(([name, row]) => {
    if ('table' in row) return rowsOf(row.table, `${before}${name}.`);
    const { fallback, range, meaning } = row;
    return withCommas(`| \`${before}${name}\` | ${fallback} | ${range} | ${meaning} |`);
  });
}

test('the page on handlers has the limits that hold if nothing is written', () => {
  const page = readFileSync(join(ROOT, 'docs/handlers.md'), 'utf8');
  for (const [name, { fallback }] of Object.entries(KNOBS.handler.table)) {
    expect(page).toContain(withCommas(`| \`${name}\` | ${fallback} |`));
  }
});

test('every knob is there with its default, its range and its meaning, and nothing else is', () => {
  const page = readFileSync(join(ROOT, 'docs/knobs.md'), 'utf8');
  expect(page.match(/^\| `.*$/gm)).toEqual(rowsOf(KNOBS));
});
