/** What is in the package, how large it is installed, and that every way to import it works. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../harness/project.ts';
import { Project } from './project.ts';
import { before, now } from './tarballs.ts';

const INSTALLED_MAX = { packages: 110, megabytes: 20 };
const PACKAGE = join(ROOT, 'build/package');
/** Where a module is imported, or named for a thread. */
const NAMES_TYPESCRIPT = /^(?:import|export) [^;]*from '[^']*\.ts'|\b(?:import|new URL)\('\.[^']*\.ts'/m;
const project = new Project();

beforeAll(async () => {
  project.write('package.json', '{ "type": "module" }');
  project.takeTarball(now.consignee);
  const { code, output } = await project.run('npm', 'install', './consignee.tgz');
  expect(code, output).toBe(0);
});
afterAll(() => project.remove());

test('it holds JavaScript, types, migrations and samples, and nothing that Node would not run there', () => {
  const files = globSync('**/*', { cwd: PACKAGE });
  const typescript = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  // Those are to be copied.
  expect(typescript.filter((file) => !/^(template|docs\/examples)\//.test(file))).toEqual([]);
  expect(files.filter((file) => /(^|\/)(test|bench)\//.test(file) && !file.startsWith('template/'))).toEqual(
    [],
  );
  const data = (ending: string, folder: string) => globSync(`**/*.${ending}`, { cwd: folder }).sort();
  for (const ending of ['sql', 'json', 'css', 'svg']) {
    expect(data(ending, join(PACKAGE, 'dist'))).toEqual(data(ending, join(ROOT, 'src')));
  }
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    expect(readFileSync(join(PACKAGE, file), 'utf8'), file).not.toMatch(NAMES_TYPESCRIPT);
  }
});

test('lines and columns are those of the sources, which a stack trace names without a source map', () => {
  const blank = (text: string) => text.split('\n').map((line) => line.length);
  for (const file of globSync('**/*.js', { cwd: join(PACKAGE, 'dist'), exclude: ['**/assets/**'] })) {
    const source = readFileSync(join(ROOT, 'src', file.replace(/\.js$/, '.ts')), 'utf8');
    expect(blank(readFileSync(join(PACKAGE, 'dist', file), 'utf8')), file).toEqual(blank(source));
  }
});

test('it exports what the repository exports', () => {
  const exportsOf = (folder: string) =>
    Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).exports);
  expect(exportsOf(PACKAGE)).toEqual(exportsOf(ROOT));
});

test('linters of packages find nothing', () => {
  const run = (...args: string[]) => execFileSync('npx', args, { cwd: ROOT, encoding: 'utf8' });
  expect(run('publint', '--strict', now.consignee)).toContain('All good');
  run('attw', '--profile', 'esm-only', now.consignee);
});

test(`it is at most ${INSTALLED_MAX.megabytes} MB and ${INSTALLED_MAX.packages} packages`, async () => {
  const lock = JSON.parse(project.read('package-lock.json'));
  const packages = Object.keys(lock.packages).filter((name) => name !== '').length;
  const { output } = await project.run('du', '-sk', 'node_modules');
  const megabytes = Number.parseInt(output, 10) / 1024;
  console.log(`${packages} packages, ${megabytes.toFixed(1)} MB`);
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(
    `${packages} packages, ${Math.round(megabytes)} MB`,
  );
  expect(packages).toBeLessThanOrEqual(INSTALLED_MAX.packages);
  expect(megabytes).toBeLessThanOrEqual(INSTALLED_MAX.megabytes);
});

test('every export can be imported, and the command says its version', async () => {
  project.write(
    'all.js',
    `const all = await Promise.all(['consignee', 'consignee/express', 'consignee/testing', 'consignee/events/shippo'].map((name) => import(name)));
     console.log(all.map((module) => typeof module).join());`,
  );
  expect(await project.run('node', 'all.js')).toEqual({ code: 0, output: 'object,object,object,object\n' });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(await project.run('npx', 'consignee', '--version')).toEqual({ code: 0, output: `${version}\n` });
  const creator = execFileSync('tar', ['-xOf', now.creator, 'package/package.json'], { encoding: 'utf8' });
  expect(JSON.parse(creator)).toMatchObject({ version, dependencies: { consignee: version } });
});

test('a client of Google that is wired and missing is named, with the line that installs it', async () => {
  project.write(
    'sources.js',
    `import { defineSources, gcs, shippo } from 'consignee';
     export default defineSources([{ preset: shippo, handlers: { archive: gcs({ bucket: 'events' }) } }]);`,
  );
  const checked = await project.runWith(
    { SHIPPO_WEBHOOK_SECRET: 'x'.repeat(40) },
    'npx',
    'consignee',
    'check',
    '--config',
    '.',
  );
  expect(checked.code).toBe(1);
  expect(checked.output).toContain('npm install @google-cloud/storage');
});

test('what a handler throws is known, whichever copy or version of the package it comes from', async () => {
  const other = new Project(project.path('other'));
  await project.run('mkdir', 'other');
  other.write('package.json', '{ "type": "module" }');
  other.takeTarball(before ?? now.consignee);
  expect(await other.run('npm', 'install', './consignee.tgz')).toMatchObject({ code: 0 });
  other.write('discard.js', `export { Discard } from 'consignee';`);
  project.write(
    'two.js',
    `import { Discard, RetryLater } from 'consignee';
     import { Discard as Other } from './other/discard.js';
     class Own extends Discard {}
     const thrown = new Other('no');
     console.log(Other === Discard, thrown instanceof Discard, thrown instanceof RetryLater, thrown instanceof Own, new Own('no') instanceof Discard);`,
  );
  expect((await project.run('node', 'two.js')).output).toBe('false true false false true\n');
});
