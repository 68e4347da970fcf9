/** The walls of the house. What a guide says and nothing checks will drift. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { REFUSALS } from '../src/errors.ts';
import { ROOT } from './service.ts';

const FLOOR =
  /^src\/(types|inbox-contract|errors|json-text|header-lines)\.ts$|^src\/observability\/redact\.ts$/;
/** Who may know whom beyond the floor, its own room, and Node. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  alarms: ['verification'],
  config: ['verification'],
  http: ['observability'],
  handlers: ['observability', 'config', 'verification'],
  observability: [],
  refused: ['inbox'],
  sources: ['verification'],
};
/** Entry points introduce rooms to each other: the receiver, the handlers' thread, the commands. */
const ENTRIES = [
  /^src\/(receiver|rules|testing)\.ts$/,
  /^src\/dispatch\/(thread|postman)\.ts$/,
  /^src\/cli\//,
];
const OWNERS: Readonly<Record<string, RegExp>> = {
  express: /^src\/(http|console)\//,
  helmet: /^src\/(http|console)\//,
  jose: /^src\/verification\/jwt\.ts$/,
  'ip-range-check': /^src\/verification\/address\.ts$/,
  'node:sqlite': /^src\/(inbox\/sqlite|refused)\//,
  pg: /^src\/inbox\/postgres\//,
  pino: /^src\/observability\//,
  'prom-client': /^src\/console\//,
  '@google-cloud/storage': /^src\/handlers\/(gcs|google\/)/,
  '@google-cloud/bigquery': /^src\/handlers\/(bigquery|google\/)/,
  dotenv: /^src\/cli\/settings\.ts$/,
};

const files = filesUnder('src').filter((file) => file.endsWith('.ts'));

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function importsOf(file: string): string[] {
  const text = read(file);
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, name]) => name as string);
}

const roomOf = (file: string) => file.split('/')[1] as string;

test('rooms meet on the floor and in the entry points, and src never imports tests', () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const name of importsOf(file).filter((candidate) => candidate.startsWith('.'))) {
      const target = relative(ROOT, join(ROOT, dirname(file), name));
      const allowed =
        FLOOR.test(target) ||
        ENTRIES.some((entry) => entry.test(file)) ||
        roomOf(target) === roomOf(file) ||
        MAY_KNOW[roomOf(file)]?.includes(roomOf(target));
      if (!allowed || !target.startsWith('src/')) wrong.push(`${file} → ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every package has one owner', () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const name of importsOf(file))
      if (OWNERS[name] && !OWNERS[name].test(file)) wrong.push(`${file} → ${name}`);
  }
  expect(wrong).toEqual([]);
});

test('every runtime dependency is imported and has its line in the README', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const imported = new Set(files.flatMap(importsOf));
  const readme = read('README.md');
  for (const name of Object.keys(dependencies)) {
    expect(imported, name).toContain(name);
    expect(readme, name).toContain(`| ${name} |`);
  }
});

test('files stay small and open with what they are for', () => {
  for (const file of files) {
    const text = read(file);
    // types.ts is the glossary: it grows by nouns, not by thoughts.
    expect(text.split('\n').length, file).toBeLessThan(file === 'src/types.ts' ? 300 : 240);
    expect(text, file).toMatch(/^\/\*\*/);
  }
});

test('names are plain: kebab-case, no utils, no barrels', () => {
  for (const file of files) {
    expect(file).toMatch(/^[a-z0-9/-]+\.ts$/);
    expect(file).not.toMatch(/(^|\/)(index|utils?|helpers?|common|manager)(\.|\/)/);
  }
});

test('every preset has a test and a sample', () => {
  const presets = readdirSync(join(ROOT, 'src/sources')).filter((name) => name.endsWith('.ts'));
  for (const preset of presets.map((name) => name.replace('.ts', ''))) {
    expect(filesUnder('test/sources').join(), preset).toContain(`${preset}.test.ts`);
    expect(filesUnder(`src/sources/samples/${preset}`).length, preset).toBeGreaterThan(0);
  }
});

test('every setting that is read stands in .env.example', () => {
  const example = read('.env.example');
  const names = filesUnder('src/config').flatMap((file) => [
    ...read(file).matchAll(/'([A-Z]{2,}(?:_[A-Z0-9]+)+)'/g),
  ]);
  const settings = names.map(([, name]) => name as string).filter((name) => name !== 'NODE_ENV');
  for (const name of settings) {
    const isSuffix = /^(WEBHOOK_|JWT_|ALLOW_|VERIFY|OBSERVE|BODY_)/.test(name);
    expect(example).toContain(isSuffix ? `FLEXPORT_${name}` : name);
  }
});

test('every refusal is documented, and nothing else is', () => {
  const documented = [...read('docs/refusals.md').matchAll(/^\| `(\w+)` \| (\d+) \|/gm)];
  const codes = Object.entries(REFUSALS).map(([code, { status }]) => `${code} ${status}`);
  expect(documented.map(([, code, status]) => `${code} ${status}`).sort()).toEqual(codes.sort());
});
