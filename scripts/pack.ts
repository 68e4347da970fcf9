/**
 * `npm run pack`: leaves the publishable package at build/consignee-<version>.tgz, and what is in it at build/package; beside it
 * build/create-consignee-<version>.tgz, which `npm create consignee` wants, and which only calls the other.
 *
 * The repository runs as it is, without a build; Node strips types everywhere but below node_modules. So the package has
 * JavaScript and types, compiled from the same files, in the same places: what is src/x.ts here is dist/x.js there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, 'build');
const PACKAGE = join(BUILD, 'package');
const CREATOR = join(BUILD, 'create-consignee');
const DIST = join(PACKAGE, 'dist');
/** What `consignee init` writes. */
const TEMPLATE = 'template';
/** What goes in beside the code. */
const PAGES = ['README.md', 'CHANGELOG.md', 'UPGRADING.md', 'LICENSE', 'SECURITY.md', 'docs'];
/** Of package.json; the rest is about the repository. */
const KEPT = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'bin',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
] as const;

/** npm publishes where a package comes from only if it says the same itself. In a workflow it is known. */
const { GITHUB_REPOSITORY } = process.env;
const PROVENANCE = GITHUB_REPOSITORY && {
  repository: { type: 'git', url: `git+https://github.com/${GITHUB_REPOSITORY}.git` },
};

type Manifest = Record<string, unknown> & {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
};

/** Returns the paths of the two tarballs. */
export function pack() {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  rmSync(PACKAGE, { recursive: true, force: true });
  mkdirSync(PACKAGE, { recursive: true });
  run('npx', 'tsc', '-p', 'tsconfig.build.json');
  dropInnerTypes(manifest);
  copyData();
  for (const file of globSync('**/*.js', { cwd: DIST })) pointAtCompiled(join(DIST, file));
  writeBin();
  cpSync(join(ROOT, TEMPLATE), join(PACKAGE, TEMPLATE), { recursive: true });
  for (const page of PAGES) cpSync(join(ROOT, page), join(PACKAGE, page), { recursive: true });
  const kept = Object.fromEntries(KEPT.map((key) => [key, manifest[key]]));
  const published = {
    ...kept,
    ...PROVENANCE,
    exports: compiledExports(manifest),
    files: ['bin', 'dist', 'docs', 'template', 'SECURITY.md', 'CHANGELOG.md', 'UPGRADING.md'],
  };
  writeFileSync(join(PACKAGE, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  packCreator(manifest);
  run('npm', 'pack', '--silent', '--pack-destination', BUILD, PACKAGE, CREATOR);
  const tarball = (name: string) => join(BUILD, `${name}-${manifest.version}.tgz`);
  return { consignee: tarball('consignee'), creator: tarball('create-consignee') };
}

function packCreator({ name, version, license, engines }: Manifest): void {
  rmSync(CREATOR, { recursive: true, force: true });
  mkdirSync(CREATOR, { recursive: true });
  cpSync(join(ROOT, 'scripts/create.js'), join(CREATOR, 'create.js'));
  const manifest = {
    name: `create-${name}`,
    version,
    description: `npm create ${name} my-hooks: a project that receives webhooks with Consignee.`,
    license,
    ...PROVENANCE,
    type: 'module',
    engines,
    bin: 'create.js',
    files: ['create.js'],
    dependencies: { [name]: version },
  };
  writeFileSync(join(CREATOR, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Migrations, samples, and what the console's pages need lie beside the code that reads them. */
function copyData(): void {
  for (const file of globSync('**/{*.{sql,json},assets/*}', { cwd: join(ROOT, 'src') })) {
    cpSync(join(ROOT, 'src', file), join(DIST, file));
  }
}

/** Modules of threads are named by URL, which the compiler leaves as it is. Both names are of one length, as source maps want. */
function pointAtCompiled(file: string): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/(new URL\('\.\/[\w-]+)\.ts(', import\.meta\.url\))/g, '$1.js$2'));
}

/** Types that no user can reach from an export are 400 small files more on the disk of everybody. */
function dropInnerTypes({ exports }: Manifest): void {
  const reached = new Set<string>();
  const targets = Object.values(exports).filter((target) => target.startsWith('./src/'));
  const follow = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, from = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]*)\.ts['"]/g))
      follow(join(dirname(file), `${from}.d.ts`));
  };
  for (const target of targets) {
    const compiled = target.replace('./src/', '').replace(/\.ts$/, '.d.ts');
    for (const file of globSync(compiled, { cwd: DIST })) follow(join(DIST, file));
  }
  for (const file of globSync('**/*.d.ts', { cwd: DIST })) {
    if (!reached.has(join(DIST, file))) rmSync(join(DIST, file));
  }
}

function writeBin(): void {
  const text = readFileSync(join(ROOT, 'bin/consignee.js'), 'utf8');
  mkdirSync(join(PACKAGE, 'bin'));
  writeFileSync(
    join(PACKAGE, 'bin/consignee.js'),
    text.replace("'../src/ops/main.ts'", "'../dist/ops/main.js'"),
    {
      mode: 0o755,
    },
  );
}

/** The same names as in the repository. */
function compiledExports({ exports }: Manifest) {
  return Object.fromEntries(
    Object.entries(exports).map(([name, target]) => {
      if (!target.startsWith('./src/')) return [name, target];
      const compiled = target.replace('./src/', './dist/').replace(/\.ts$/, '');
      return [name, { types: `${compiled}.d.ts`, default: `${compiled}.js` }];
    }),
  );
}

if (import.meta.main) console.log(Object.values(pack()).join('\n'));
