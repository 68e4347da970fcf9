/** The walls of the house. What a guide says and nothing checks will drift. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './harness/project.ts';
import { readSources, type SourceText } from './harness/syntax.ts';

/** In the order in which data goes through them: a house may import from itself and from those on its left. */
const HOUSES = ['base', 'verify', 'inbox', 'deliver', 'serve', 'ops'];
const OWNERS: Readonly<Record<string, RegExp>> = {
  express: /^src\/serve\/(http|console)\//,
  helmet: /^src\/serve\/(http|console)\//,
  jose: /^src\/verify\/jwt(-token)?\.ts$/,
  'ip-range-check': /^src\/base\/address\.ts$/,
  'node:sqlite': /^src\/inbox\/(sqlite|refused|sqlite-file\.ts$)/,
  pg: /^src\/inbox\/postgres\//,
  pino: /^src\/base\/log\//,
  'prom-client': /^src\/serve\/console\//,
  '@google-cloud/storage': /^src\/deliver\/handlers\/gcs/,
  '@google-cloud/bigquery': /^src\/deliver\/handlers\/bigquery/,
  dotenv: /^src\/ops\/settings\.ts$/,
};

const FILE_LINES_MOST = 200;
const FUNCTION_LINES_MOST = 70;
/** Names that files of one kind all define: what a command exports, and what a thread answers to. At most ten. */
const MANY_DEFINE = ['run', 'usage'];

let sourcesRead: SourceText[] | undefined;
/** Read once, since the compiler takes seconds. */
function sources(): SourceText[] {
  sourcesRead ??= readSources();
  return sourcesRead;
}

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

const houseOf = (file: string) => HOUSES.indexOf(file.split('/')[1] as string);

test('a house imports from the left only, and the public face alone stands outside', () => {
  const wrong = files.filter((file) => houseOf(file) < 0 && file !== 'src/consignee.ts');
  for (const file of files) {
    for (const name of importsOf(file).filter((candidate) => candidate.startsWith('.'))) {
      const target = relative(ROOT, join(ROOT, dirname(file), name));
      const isLeft = houseOf(target) >= 0 && houseOf(target) <= houseOf(file);
      if (!isLeft && file !== 'src/consignee.ts') wrong.push(`${file} → ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('which databases there are is known to the drivers, and to what moves an inbox from one to the other', () => {
  const isDriver = (file: string) => /^src\/inbox\/(sqlite|postgres)\//.test(file);
  const wrong: string[] = [];
  for (const file of files.filter((name) => !isDriver(name))) {
    const mayKnow = /^src\/inbox\/(driver|move(-\w+)*)\.ts$/.test(file);
    if (!mayKnow && /\bdatabase\??\.kind\b/.test(read(file)))
      wrong.push(`${file} asks for the kind of a database`);
    for (const name of importsOf(file).filter((candidate) => candidate.startsWith('.'))) {
      const target = relative(ROOT, join(ROOT, dirname(file), name));
      if (!mayKnow && isDriver(target)) wrong.push(`${file} → ${target}`);
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

test('files open with what they are for', () => {
  for (const file of files) expect(read(file), file).toMatch(/^\/\*\*/);
});

test(`no file is longer than ${FILE_LINES_MOST} lines, and no function than ${FUNCTION_LINES_MOST}`, () => {
  const long = files
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > FILE_LINES_MOST)
    .map(({ file, lines }) => `${file}: ${lines} lines`);
  for (const { file, functions } of sources()) {
    const longest = functions.filter(({ lines }) => lines > FUNCTION_LINES_MOST);
    long.push(...longest.map(({ line, lines }) => `${file}:${line}: a function of ${lines} lines`));
  }
  expect(long).toEqual([]);
});

test('every name at top level has one meaning: it is defined in one file', () => {
  const definedIn = new Map<string, string[]>();
  for (const { file, names } of sources()) {
    for (const name of new Set(names)) definedIn.set(name, [...(definedIn.get(name) ?? []), file]);
  }
  const repeated = [...definedIn].filter(([, inFiles]) => inFiles.length > 1);
  const isAllowed = (name: string) => MANY_DEFINE.includes(name);
  const wrong = repeated
    .filter(([name]) => !isAllowed(name))
    .map(([name, where]) => `${name}: ${where.join(', ')}`);
  expect(wrong).toEqual([]);
  // What is allowed and not needed goes from the list.
  expect(MANY_DEFINE.filter((name) => !repeated.some(([other]) => other === name))).toEqual([]);
  expect(MANY_DEFINE.length).toBeLessThanOrEqual(10);
});

test('names are plain: kebab-case, no utils, no barrels', () => {
  for (const file of files) {
    expect(file).toMatch(/^[a-z0-9/-]+\.ts$/);
    expect(file).not.toMatch(/(^|\/)(index|utils?|helpers?|common|manager)(\.|\/)/);
  }
});

test('every setting that is read stands in .env.example', () => {
  const example = read('.env.example');
  const names = [...filesUnder('src/base/settings'), ...filesUnder('src/serve/config')].flatMap((file) => [
    ...read(file).matchAll(/'([A-Z]{2,}(?:_[A-Z0-9]+)+)'/g),
  ]);
  const settings = names.map(([, name]) => name as string).filter((name) => name !== 'NODE_ENV');
  for (const name of settings) {
    const isSuffix = /^(WEBHOOK_|JWT_|ALLOW_|VERIFY|OBSERVE|BODY_)/.test(name);
    expect(example).toContain(isSuffix ? `FLEXPORT_${name}` : name);
  }
});

test('what users write imports the public face only, and nothing of ours is named by its path', () => {
  const pages = ['README.md', ...filesUnder('docs').filter((file) => file.endsWith('.md'))];
  const wirings = ['config', 'bench/wiring', 'test/fixtures'].flatMap(filesUnder);
  const written = [...pages, ...wirings.filter((file) => /\/(sources|service)\.ts$/.test(file))];
  const wrong = written.filter((file) => /from '[^']*\bsrc\//.test(read(file)));
  expect(wrong).toEqual([]);
});

/** What lasts too long, by a stopwatch or in a record. One that begins before its cause may be longer than so much, always. */
const STOPPED_TIME =
  /expect\([^;]*?(?:\.now\(\) - [^;]*?|\bms\b\)*)\)\s*\.toBeLessThan(?:OrEqual)?\(([^)]*)\)/g;
/** Several times what anything takes that works, on any machine. */
const FOR_EVER_MS = 15_000;

test('no test holds a service to a stopwatch: on a busy machine all comes late', () => {
  const wrong = filesUnder('test').flatMap((file) =>
    [...read(file).matchAll(STOPPED_TIME)]
      .filter(([, bound = '']) => !(Number(bound.replaceAll('_', '')) >= FOR_EVER_MS))
      .map(([text]) => `${file}: ${text}`),
  );
  expect(wrong).toEqual([]);
});
