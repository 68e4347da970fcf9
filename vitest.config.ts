/**
 * Four projects, by what a test needs: nothing, a process of ours, a database, a load balancer. What a test file imports says
 * which: whoever starts a database imports the harness for it, so no list can be out of date.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The dearest first: a file belongs where the first of these lies that it reaches. */
const NEEDS = {
  balancers: 'test/harness/balancer.ts',
  database: 'test/harness/postgres.ts',
  service: 'node:child_process',
} as const;

const IMPORTS = /^(?:import|export) (?!type\b)(?:[^'=;]+ from )?'([^']+)'|import\('([^']+)'\)/gm;
const at = (file: string) => join(import.meta.dirname, file);

/** The file, what it imports, and all that is imported by that. openssl, which signs for many, is not worth a mention. */
function reach(file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file) || file === 'test/harness/signing.ts') return reached;
  reached.add(file);
  if (!file.startsWith('test/') || !existsSync(at(file))) return reached;
  for (const [, one, other] of readFileSync(at(file), 'utf8').matchAll(IMPORTS)) {
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

function project(name: keyof typeof NEEDS, maxWorkers: number, more: object = {}) {
  const groupOrder = Object.keys(NEEDS).length - Object.keys(NEEDS).indexOf(name);
  const include = filesThatNeed(name);
  return { extends: true, test: { name, include, maxWorkers, sequence: { groupOrder }, ...more } } as const;
}

export default defineConfig({
  test: {
    // Only what never comes costs so much; on a busy machine all comes late.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: filesThatNeed(), maxWorkers: 2 },
      },
      project('service', 3),
      // They wait for leases most of the time.
      project('database', 4, { globalSetup: 'test/harness/postgres/shared.ts' }),
      project('balancers', 1, { globalSetup: 'test/harness/postgres/shared.ts' }),
    ],
  },
});
