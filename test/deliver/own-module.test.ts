/** A module of the user's that cannot be loaded: the message names the file, and where it can the line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importOwn } from '../../src/deliver/own-module.ts';
import { runToEnd } from '../harness/command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

/** The message of the error with which a wiring cannot be loaded that imports such a module. */
async function messageOf(text: string): Promise<string> {
  const name = `orders-${++count}.ts`;
  writeFileSync(join(folder, name), text);
  const wiring = join(folder, `sources-${count}.ts`);
  writeFileSync(wiring, `import './${name}';\nexport default [];\n`);
  const message = await importOwn(pathToFileURL(wiring).href).then(
    () => 'it was loaded',
    (error: Error) => error.message,
  );
  expect(message).toMatch(new RegExp(`^${wiring} cannot be loaded: `));
  return message;
}

test.each([
  ['an error', "\n\nthrow new Error('no database');", /: Error: no database\n {4}at .*orders-\d+\.ts:3:7$/],
  [
    'a mistake',
    'const read = () => missing.x;\nread();',
    /missing is not defined\n {4}at read \(.*orders-\d+\.ts:1:\d+\)/,
  ],
  ['what is no error', "throw 'a text';", /: a text\n {4}it was thrown there, or in what it imports$/],
  [
    'a module that is not there',
    "import './nothing.ts';",
    /Cannot find module '.*nothing\.ts' imported from .*orders-\d+\.ts/,
  ],
])('%s at import names the file', async (_what, text, says) => {
  expect(await messageOf(text)).toMatch(says);
});

test('a command says it, and exits with 1', async () => {
  writeFileSync(join(folder, 'sources.ts'), '\nconst x = ;\nexport default [];\n');
  const { code, output } = await runToEnd(['events', 'list', '--config', folder]);
  expect(code).toBe(1);
  expect(output).toContain(`${join(folder, 'sources.ts')} cannot be loaded: SyntaxError: `);
  expect(output).toMatch(/sources\.ts:2\n\s+const x = ;/);
});
