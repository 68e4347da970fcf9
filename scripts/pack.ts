/**
 * `npm run pack`: leaves the publishable package at build/consignee-<version>.tgz, and what is in it at build/package; beside it
 * build/create-consignee-<version>.tgz, which `npm create consignee` wants, and which only calls the other.
 *
 * The repository runs as it is, without a build; Node strips types everywhere but below node_modules. So the package has
 * JavaScript and types, compiled from the same files, in the same places: what is src/x.ts here is dist/x.js there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, 'build');
const PACKAGE = join(BUILD, 'package');
const CREATOR = join(BUILD, 'create-consignee');
const DIST = join(PACKAGE, 'dist');
/** What `consignee init` writes. */
const TEMPLATE = 'template';
/** The name of a file beside another, and of a module if it is imported. */
const OWN_NAME = /(['"])(\.{1,2}\/[^'"\n]*)\.(ts|js)\1/g;
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
  for (const file of globSync('**/*.js', { cwd: DIST })) stripInPlace(file);
  copyData();
  writeBin();
  cpSync(join(ROOT, TEMPLATE), join(PACKAGE, TEMPLATE), { recursive: true });
  for (const page of PAGES)
    cpSync(join(ROOT, page), join(PACKAGE, page), { recursive: true, filter: isNoPicture });
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

/** They are for the README where the repository is. */
function isNoPicture(path: string): boolean {
  return !path.endsWith('pictures');
}

/** Migrations, samples, and what the console's pages need lie beside the code that reads them. */
function copyData(): void {
  for (const file of globSync('**/{*.{sql,json},assets/*}', { cwd: join(ROOT, 'src') })) {
    cpSync(join(ROOT, 'src', file), join(DIST, file));
  }
}

/**
 * The source with blanks in place of its types: every line and column of a stack trace is that of the source, which source maps of
 * three megabytes would say only to who asks Node for them. The compiler has told which names are those of modules; `.ts` and `.js`
 * are of one length.
 */
function stripInPlace(file: string): void {
  const compiled = readFileSync(join(DIST, file), 'utf8');
  const source = readFileSync(join(ROOT, 'src', file.replace(/\.js$/, '.ts')), 'utf8');
  const isModule = [...compiled.matchAll(OWN_NAME)].map(([, , , ending]) => ending === 'js');
  let at = 0;
  const stripped = stripTypeScriptTypes(source).replace(OWN_NAME, (name, quote, path) =>
    isModule[at++] ? `${quote}${path}.js${quote}` : name,
  );
  if (at !== isModule.length) throw new Error(`${file}: the compiler sees other names than stand there`);
  // Modules of threads are named by URL, which the compiler leaves as it is.
  const threads = /(new URL\('\.\/[\w-]+)\.ts(', import\.meta\.url\))/g;
  writeFileSync(join(DIST, file), stripped.replace(threads, '$1.js$2'));
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
