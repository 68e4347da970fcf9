/** docs/architecture.md and CONTRIBUTING.md speak of files and names that are there, and leave no room of the house out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../harness/project.ts';

const HOUSES = ['base', 'verify', 'inbox', 'deliver', 'serve', 'ops'];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const page = read('docs/architecture.md');
/** Each file with the name that the page says is in it. */
const named = [...page.matchAll(/`(src\/[\w/.-]+\.ts)`\s+`([#\w]+)`/g)].map(([, file = '', name = '']) => ({
  file,
  name,
}));
const steps = [...page.matchAll(/^\d+\. `(src\/[\w/.-]+)`/gm)].map(([, file = '']) => file);

test('the page names enough to be a journey', () => {
  expect(steps.length).toBeGreaterThan(15);
  expect(named.length).toBeGreaterThan(steps.length);
});

test.each(named)('$file has $name in it', ({ file, name }) => {
  const text = existsSync(join(ROOT, file)) ? read(file) : '';
  expect(text).toMatch(new RegExp(`(^|[^\\w])${name}\\b`));
});

test('the first half of the journey meets the houses in the order in which they stand', () => {
  const order = steps.map((file) => HOUSES.indexOf(file.split('/')[1] as string));
  const serve = HOUSES.indexOf('serve');
  const inbox = HOUSES.indexOf('inbox');
  // In by the edge, then the inbox, then the answer of the edge, then the handlers, and the inbox at the end.
  expect([order.at(0), order.at(-1)]).toEqual([serve, inbox]);
  expect(order.indexOf(inbox)).toBeLessThan(order.indexOf(HOUSES.indexOf('deliver')));
});

test('every house and every room in it is on the page', () => {
  for (const house of HOUSES) {
    const rooms = readdirSync(join(ROOT, 'src', house), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/${house}/${name}`);
    for (const room of [`src/${house}`, ...rooms]) expect(page).toContain(`\`${room}\``);
  }
});

test('the glossary stays one that can be learnt in a minute', () => {
  const rows = page.slice(page.indexOf('## Words')).match(/^\| \w/gm) ?? [];
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.length).toBeLessThanOrEqual(25);
});

test('what CONTRIBUTING.md sends its readers to is there', () => {
  const files = [...read('CONTRIBUTING.md').matchAll(/`((?:src|test|docs|config)\/[\w/.-]+\.\w+)`/g)];
  expect(files.length).toBeGreaterThan(10);
  for (const [, file = ''] of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
});
