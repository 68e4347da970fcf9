/**
 * Makes a project of one's own: `consignee init my-hooks`, which `npm create consignee my-hooks` calls. What it writes is in
 * template/, with `{{…}}` where the name and the version go; what depends on the providers is written here.
 *
 * A file that is there already stays as it is. Called by init.ts.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { VERSION } from '../base/version.ts';
import type { Preset } from '../verify/preset.ts';
import { examplesOf, secretsOf } from './secrets-file.ts';
import { addToWiring } from './wiring-text.ts';

const TEMPLATE = join(import.meta.dirname, '../../template');

/** Where each file goes. Under their own names npm would leave some of them out of the package, or obey them in it. */
const STATIC_FILES: Readonly<Record<string, string>> = {
  'tsconfig.json': 'tsconfig.json',
  'config/announce.ts': 'config/announce.ts',
  'test/announce.test.ts': 'test/announce.test.ts',
  '.gitignore': 'gitignore',
  '.dockerignore': 'dockerignore',
  Dockerfile: 'Dockerfile',
  'docker-compose.yml': 'docker-compose.yml',
  'README.md': 'readme.md',
  '.github/workflows/ci.yml': 'workflows/ci.yml',
};

interface ScaffoldFile {
  readonly file: string;
  /** False if there was one already. */
  readonly isNew: boolean;
}

/** Throws the system's error if the folder cannot be written to. */
export function scaffold(folder: string, presets: readonly Preset[]): ScaffoldFile[] {
  const name = packageNameOf(folder);
  const fill = (text: string) => text.replaceAll('{{name}}', name).replaceAll('{{version}}', VERSION);
  const read = (file: string) => readFileSync(join(TEMPLATE, file), 'utf8');
  const wiring = presets.reduce(
    (text, preset) => addToWiring(text, preset, ANNOUNCE) ?? text,
    read('config/sources.ts').replace(
      "'consignee';\n",
      "'consignee';\nimport { announce } from './announce.ts';\n",
    ),
  );
  const texts: Record<string, string> = {
    'package.json': `${JSON.stringify(manifestOf(name), null, 2)}\n`,
    'config/sources.ts': wiring,
    '.env': secretsOf(presets.map((preset) => ({ preset, source: preset.name }))),
    '.env.example': examplesOf(presets.map((preset) => ({ preset, source: preset.name }))),
  };
  for (const [file, from] of Object.entries(STATIC_FILES)) texts[file] = fill(read(from));
  return Object.entries(texts).map(([file, text]) => ({ file, isNew: writeNew(join(folder, file), text) }));
}

const ANNOUNCE = 'announce';

function writeNew(path: string, text: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, text, { flag: 'wx', mode: basename(path) === '.env' ? 0o600 : 0o644 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What npm takes as the name of a package. */
function packageNameOf(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-');
  return name.replace(/^-+|-+$/g, '') || 'my-hooks';
}

function manifestOf(name: string) {
  return {
    name,
    version: '1.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=24' },
    scripts: {
      // `exec`: a signal to npm is one to the service.
      dev: 'exec consignee serve --dev',
      start: 'exec consignee serve',
      send: 'consignee send',
      events: 'consignee events',
      status: 'consignee status',
      pause: 'consignee pause',
      resume: 'consignee resume',
      secret: 'consignee secret',
      alarms: 'consignee alarms',
      setup: 'consignee setup',
      check: 'consignee check',
      'check:types': 'tsc',
      test: 'node --test',
    },
    dependencies: { consignee: `^${VERSION}` },
    devDependencies: { '@types/node': '^26.0.0', typescript: '^7.0.0' },
  };
}
