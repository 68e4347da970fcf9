/**
 * Projects by what a test needs: nothing, a module in another's place, a process of ours, a database, a load balancer. What a
 * test file imports says which: whoever starts a database imports the harness for it, so no list can be out of date.
 *
 * The files of a project share their workers and what those have imported. Who puts a module in another's place would do so for
 * all that come after, and has a worker alone.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const MOCKS = 'vi.mock';

/** The dearest first: a file belongs where the first of these lies that it reaches. */
const NEEDS = {
  balancers: 'test/harness/balancer.ts',
  database: 'test/harness/postgres.ts',
  service: 'node:child_process',
  mocks: MOCKS,
} as const;

const IMPORTS = /^(?:import|export) (?!type\b)(?:[^'=;]+ from )?'([^']+)'|import\('([^']+)'\)/gm;
const at = (file: string) => join(import.meta.dirname, file);

/** The file, what it imports, and all that is imported by that. openssl, which signs for many, is not worth a mention. */
function reach(file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file) || file === 'test/harness/signing.ts') return reached;
  reached.add(file);
  if (!file.startsWith('test/') || !existsSync(at(file))) return reached;
  const text = readFileSync(at(file), 'utf8');
  if (text.includes(`${MOCKS}(`)) reached.add(MOCKS);
  for (const [, one, other] of text.matchAll(IMPORTS)) {
    const name = one ?? (other as string);
    reach(name.startsWith('.') ? join(file, '..', name) : name, reached);
  }
  return reached;
}

const files = globSync('test/**/*.test.ts', { cwd: import.meta.dirname });

/** The files that need this, or all that need anything. */
function filesThatNeed(name?: keyof typeof NEEDS): string[] {
  return files.filter((file) => {
    const reached = reach(file);
    const [needed] = Object.entries(NEEDS).find(([, what]) => reached.has(what)) ?? [];
    return name === undefined ? needed !== undefined : needed === name;
  });
}

// Processes of Node compile the same files again and again. What is kept is used only for the same bytes.
process.env.NODE_COMPILE_CACHE ??= at('node_modules/.cache/node-compile-cache');

/** They wait for leases, times and processes most of the time. */
const WORKERS = 6;

function project(name: keyof typeof NEEDS, more: object = {}) {
  const setupFiles = 'test/harness/stop-opened.ts';
  return { extends: true, test: { name, include: filesThatNeed(name), setupFiles, ...more } } as const;
}

export default defineConfig({
  test: {
    // Only what never comes costs so much; on a busy machine all comes late.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: WORKERS,
    isolate: false,
    projects: [
      { extends: true, test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: filesThatNeed() } },
      project('mocks', { isolate: true }),
      project('service'),
      project('database', { globalSetup: 'test/harness/postgres/shared.ts' }),
      // Alone, when all others are done.
      project('balancers', {
        globalSetup: 'test/harness/postgres/shared.ts',
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
      }),
    ],
  },
});
