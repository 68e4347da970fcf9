/** docs/providers.md is what the presets say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presets } from 'consignee';
import { expect, test } from 'vitest';
import { ROOT } from '../harness/project.ts';
import { anchorOf, LEFT_OUT, providersPage } from './providers-page.ts';

test('the page of providers says what the presets say', () => {
  // Written anew by: node test/docs/providers-page.ts > docs/providers.md
  expect(readFileSync(join(ROOT, 'docs/providers.md'), 'utf8')).toBe(providersPage());
});

test('each row of its tables has as many cells as the head, whatever signs a value has in it', () => {
  const tables = providersPage()
    .split('\n\n')
    .filter((text) => text.startsWith('|'));
  expect(tables.length).toBeGreaterThan(3);
  for (const table of tables) {
    const [head, ...rows] = table
      .trim()
      .split('\n')
      .map((row) => row.split(/(?<!\\)\|/).length);
    expect(rows).toEqual(rows.map(() => head));
  }
});

test('whom it says not to be there has no preset', () => {
  const letters = (text: string) => text.toLowerCase().replace(/[^a-z\d]/g, '');
  const there = Object.values(presets).flatMap(({ name, title }) => [letters(name), letters(title)]);
  for (const provider of LEFT_OUT.flatMap(({ providers }) => providers))
    expect(there.filter((name) => name.startsWith(letters(provider)))).toEqual([]);
});

test('each row of the table leads to a heading with the steps, and is told apart from others', () => {
  const page = providersPage();
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
  const rows = [...page.matchAll(/^\| \[[^\]]+\]\(#([^)]+)\) \|/gm)].map(([, anchor]) => anchor as string);
  expect(rows.length).toBe(new Set(Object.values(presets)).size);
  expect(rows.filter((anchor) => headings.filter((one) => one === anchor).length !== 1)).toEqual([]);
});

test('its words are those of a person: one second, and no name where `it` is meant', () => {
  const page = providersPage();
  expect(page).toContain('It waits 1 second for an answer. On a 503 it does not try again: lost.');
  expect(page).toContain(
    '`body.Signature: <base64>` by SHA-256, else `body.Signature: <base64>` by SHA-1 if allowed',
  );
  expect(page).not.toMatch(/\b1 (seconds|minutes|hours|days)\b/);
});
