/** docs/architecture.md and CONTRIBUTING.md speak of files and names that are there, and leave no room of the house out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../harness/project.ts';

const HOUSES = ['base', 'verify', 'inbox', 'deliver', 'serve', 'ops'];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const page = read('docs/architecture.md');

interface Named {
  readonly file: string;
  readonly name: string;
}

/** Each file with the name that the text says is in it. */
function namedIn(text: string): Named[] {
  const found = [...text.matchAll(/`(src\/[\w/.-]+\.ts)`\s+`([#\w]+)`/g)];
  return found.map(([, file = '', name = '']) => ({ file, name }));
}

function section(title: string): string {
  const [, text = ''] = page.split(`\n## ${title}\n`);
  expect(text, title).not.toBe('');
  return text.split('\n## ')[0] as string;
}

/** The numbered list of a section. */
function stepsOf(title: string): Named[] {
  const lines = section(title).match(/^\d+\. .*$/gm) ?? [];
  const numbers = lines.map((line) => Number.parseInt(line, 10));
  expect(numbers, title).toEqual(lines.map((_, at) => at + 1));
  const steps = lines.flatMap((line) => namedIn(line).slice(0, 1));
  expect(steps, `each step of ${title} names a file and a name`).toHaveLength(lines.length);
  return steps;
}

const filesOf = (steps: readonly Named[]) => new Set(steps.map(({ file }) => file)).size;
const houseOf = ({ file }: Named) => file.split('/')[1] as string;

/** A function, class, constant, type or method; or, of a table of exports, what it exports. */
function defines(text: string, name: string): boolean {
  const top = `(?:function|class|const|interface|type) ${name}\\b`;
  const method = `^ {2}(?:async )?${name}\\([^;]*?\\)(?:: [^;{]+)? \\{$`;
  const exported = `^export \\{ ${name} \\}`;
  return new RegExp(`${top}|${method}|${exported}`, 'm').test(text);
}

const named = namedIn(page);

test.each(named)('$file has $name', ({ file, name }) => {
  const text = existsSync(join(ROOT, file)) ? read(file) : '';
  expect(defines(text, name), 'it is defined there').toBe(true);
});

test('every file that the page speaks of is there', () => {
  const files = [...page.matchAll(/`(src\/[\w/.-]+\.ts)`/g)].map(([, file]) => file as string);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('an event enters by serve, and meets the other houses in the order in which they stand', () => {
  const houses = stepsOf('The journey of one event').map(houseOf);
  const met = [...new Set(houses)];
  expect(met).toEqual(['serve', 'verify', 'inbox', 'deliver']);
  expect(houses.at(-1)).toBe('inbox');
});

test('the page counts the files of its lists', () => {
  const steps = stepsOf('The journey of one event');
  const answered = steps.findIndex(({ name }) => name === 'accept') + 1;
  expect(answered).toBeGreaterThan(10);
  const [toAnswer, toDone] = [filesOf(steps.slice(0, answered)), filesOf(steps)];
  expect(section('The journey of one event')).toContain(
    `From the socket to the 200 the list names ${toAnswer} files, and to done ${toDone}.`,
  );
  for (const title of ['The journey of a refused request', 'What differs with PostgreSQL'])
    expect(section(title)).toContain(`The list names ${filesOf(stepsOf(title))} files.`);
});

test('what differs with a database is the work of its driver', () => {
  for (const { file } of stepsOf('What differs with PostgreSQL'))
    expect(file).toMatch(/^src\/inbox\/postgres\//);
});

/** Below `src`, those with files in them: git leaves empty ones behind where it has moved files. */
const folders = [
  ...new Set(
    readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap(({ parentPath }) => {
        const names = relative(join(ROOT, 'src'), parentPath).split('/');
        return names.map((_, at) => names.slice(0, at + 1).join('/'));
      }),
  ),
];

test('every house and every room in it is on the page, in the order in which they stand', () => {
  const table = section('The houses');
  const rows = [...table.matchAll(/^\| `src\/(\w+)` \|/gm)].map(([, house]) => house);
  expect(rows).toEqual(HOUSES);
  expect(table).toContain(`\n${HOUSES.join(' ◀─ ')}\n`);
  for (const house of HOUSES) {
    const rooms = folders.filter(
      (folder) => folder.startsWith(`${house}/`) && folder.split('/').length === 2,
    );
    for (const room of rooms) expect(table).toContain(`\`src/${room}\``);
  }
  const rooms = [...table.matchAll(/`(src(?:\/\w+)+)`/g)].map(([, room]) => room as string);
  expect(rooms.filter((room) => !existsSync(join(ROOT, room)))).toEqual([]);
});

test('every folder inside a room is on the page, beside those of the providers', () => {
  const inside = folders.filter(
    (folder) => folder.split('/').length > 2 && !/\/presets\/[^/]+$/.test(folder),
  );
  expect(inside).toContain('deliver/handlers/bigquery');
  const table = section('The houses');
  for (const folder of inside) expect(table, folder).toContain(`\`${basename(folder)}/\``);
});

test('every worker thread is named', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const threads = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(join('src', file)))
    .filter((text) => text.includes('new Worker('))
    .map((text) => /new Worker\(.*?\bname: '(\w+)'/s.exec(text)?.[1]);
  expect(threads.sort()).toEqual(['handlers', 'inbox', 'past', 'reading', 'refused']);
  for (const thread of threads) expect(page).toContain(`\`${thread}\``);
});

test('the glossary stays one that can be learnt in a minute', () => {
  const words = [...section('Words').matchAll(/^\| ([a-z ]+) \|/gm)]
    .map(([, word]) => word as string)
    .slice(1);
  expect(words.length).toBeGreaterThan(10);
  expect(words.length).toBeLessThanOrEqual(25);
  expect(new Set(words).size).toBe(words.length);
});

test('what CONTRIBUTING.md sends its readers to is there', () => {
  const guide = read('CONTRIBUTING.md');
  const files = [...guide.matchAll(/[`(]((?:src|test|docs|config|\.github|\.ci)\/[\w/.-]+)[`)]/g)];
  expect(files.length).toBeGreaterThan(10);
  for (const [, file = ''] of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
  for (const { file, name } of namedIn(guide))
    expect(defines(read(file), name), `${file} ${name}`).toBe(true);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, script = ''] of guide.matchAll(/\bnpm run (\w[\w:]*)/g))
    expect(scripts).toHaveProperty([script]);
});
