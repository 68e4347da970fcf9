/** docs/refusals.md says what the table says, row by row, and has no other rows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REFUSALS, refusalOf } from '../../src/verify/refusals.ts';
import { ROOT } from '../harness/project.ts';

const page = readFileSync(join(ROOT, 'docs/refusals.md'), 'utf8');

test('every refusal is documented in the words of its row, and nothing else is', () => {
  const rows = Object.entries(REFUSALS).map(([code, { status, says, asks, fix }]) => {
    const question = `${asks.charAt(0).toUpperCase()}${asks.slice(1)}`;
    return `| \`${code}\` | ${status} | ${says} | ${question} ${fix} |`;
  });
  expect(page.match(/^\| `.*$/gm)?.sort()).toEqual(rows.sort());
});

test('the words read as sentences: a question, and a fix that ends', () => {
  for (const [code, { says, asks, fix }] of Object.entries(REFUSALS)) {
    expect(says, code).toMatch(/^[^A-Z].*[^.?]$/);
    expect(asks, code).toMatch(/^[a-z].*\?$/);
    expect(fix, code).toMatch(/^[A-Z`].*[.?]$/);
  }
});

test('a code that another version has stored is shown as it is', () => {
  for (const code of ['gone_missing', 'constructor', '__proto__']) expect(refusalOf(code).says).toBe(code);
});
