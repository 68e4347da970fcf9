/** The knobs of config/service.ts: the file says what differs, and what it says wrongly is told at boot with all else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Problem } from '../../../src/base/errors.ts';
import type { Knob } from '../../../src/base/settings/knob.ts';
import { KNOBS, readKnobs } from '../../../src/serve/config/knobs.ts';
import { runToEnd } from '../../harness/command.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import { reading } from './reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(given: unknown): string[] {
  const problems: Problem[] = [];
  readKnobs(given, problems);
  return problems.map(({ setting, wrong, fix }) => `${setting}: ${wrong}. ${fix}`);
}

/** Every knob of the table by its path. */
function all(table: object = KNOBS, before = ''): [string, Knob][] {
  return Object.entries(table).flatMap(([name, row]) =>
    'table' in row ? all(row.table, `${before}${name}.`) : [[`${before}${name}`, row]],
  );
}

test('what is left out has its default, whole groups and single members', () => {
  const defaults = readKnobs({}, []);
  expect(defaults).toMatchObject({
    bytesInFlightMax: 268_435_456,
    postgres: { connections: 6, statementMs: 2_500, leaseMs: 15_000, partitionDays: 0 },
    refused: { days: 7 },
    handler: { timeLimitMs: 30_000, concurrency: 16, maxAttempts: 20 },
    backoff: { baseMs: 1_000, capMs: 21_600_000 },
    alarms: { lookMs: 30_000, silenceFactor: 3 },
  });
  const problems: Problem[] = [];
  const given = {
    handler: { concurrency: 2 },
    postgres: undefined,
    backoff: { baseMs: undefined },
    identityDays: 60,
  };
  expect(readKnobs(given, problems)).toEqual({
    ...defaults,
    handler: { ...defaults.handler, concurrency: 2 },
    identityDays: 60,
  });
  expect(problems).toEqual([]);
});

test.each(all())('the default of %s may be written', (_path, rule) => {
  const { fallback } = rule;
  expect(rule(fallback)).toEqual({ value: fallback, flaws: [] });
});

test.each(all())('%s takes numbers in its range only', (path, rule) => {
  for (const nonsense of ['5', Number.NaN, -1, null, true, {}, []]) {
    const [flaw] = rule(nonsense).flaws;
    expect(flaw?.fix, path).toMatch(
      new RegExp(`^Use (a whole number from )?${RegExp.escape(rule.range)}\\.$`),
    );
  }
});

test.each([
  [{ handler: { concurrency: 0 } }, 'handler.concurrency is 0. Use a whole number from 1 to 10000.'],
  [{ backoff: { baseMs: '1s' } }, 'backoff.baseMs is "1s". Use a whole number from 1 to 86400000.'],
  [{ backoff: { base: 5 } }, 'backoff.base is not known. Did you mean baseMs? The names are baseMs, capMs.'],
  [{ backoff: { baseMs: 500, capMs: 100 } }, 'backoff.baseMs is 500. Use at most capMs, which is 100.'],
  [{ circuit: { restMs: 70_000 } }, 'circuit.restMs is 70000. Use at most restMaxMs, which is 60000.'],
  [{ headersTimeoutMs: 20_000 }, 'headersTimeoutMs is 20000. Use at most requestTimeoutMs, which is 15000.'],
  [{ backoff: 5 }, 'backoff is a number. Write { baseMs, capMs }, or some of them.'],
  [{ backoff: [5] }, 'backoff is a list. Write { baseMs, capMs }, or some of them.'],
  [{ keepAliveTimeoutMs: 0 }, 'keepAliveTimeoutMs is 0. Use a whole number from 1 to 86400000.'],
  [
    { shutdownGraceMs: Number.POSITIVE_INFINITY },
    'shutdownGraceMs is Infinity. Use a whole number from 0 to 3600000.',
  ],
  [{ alarms: { refusalRatio: 2 } }, 'alarms.refusalRatio is 2. Use 0 to 1, or Infinity.'],
  [{ alarms: { lookMs: 1.5 } }, 'alarms.lookMs is 1.5. Use a whole number from 1 to 86400000.'],
])('this is a problem: %j', (given, said) => {
  expect(problemsOf(given)).toEqual([`config/service.ts: ${said}`]);
});

test('a name that is not known is told with the nearest one, or with all if none is near', () => {
  expect(problemsOf({ bakoff: {}, constructor: 1, inboxDeadline: 5, x: undefined })).toEqual([
    expect.stringMatching(
      /bakoff is not known\. Did you mean backoff\? The names are bytesInFlightMax, .*, alarms\.$/,
    ),
    expect.stringMatching(/constructor is not known\. (Did you mean connections\? )?The names are /),
    expect.stringMatching(/inboxDeadline is not known\. Did you mean inboxDeadlineMs\? /),
  ]);
});

test('an alarm may be switched off', () => {
  const off = {
    refusalRatio: Infinity,
    backlogAgeMs: Infinity,
    clockSkewMs: Infinity,
    silenceFactor: Infinity,
  };
  expect(
    problemsOf({ alarms: { ...off, repeatMs: Infinity, refusalsLeast: Infinity, diskFreeMb: 0 } }),
  ).toEqual([]);
});

test('what is no object of knobs at all is a problem, and the defaults hold', () => {
  for (const nothing of [null, 7, 'fast', [], () => {}]) {
    const { config, problems } = reading({}, { knobs: nothing });
    expect(problems).toMatchObject([
      { setting: 'config/service.ts', wrong: expect.stringMatching(/^the default export is /) },
    ]);
    expect(config.knobs).toEqual(readKnobs({}, []));
  }
});

const SOURCES = `import { flintn, log } from '${join(ROOT, 'src/consignee.ts')}';\nexport default [{ preset: flintn, handlers: { log } }];\n`;

function check(service: string | undefined): Promise<{ code: number | null; output: string }> {
  const config = mkdtempSync(join(folder, 'config-'));
  writeFileSync(join(config, 'sources.ts'), SOURCES);
  if (service !== undefined) writeFileSync(join(config, 'service.ts'), service);
  const env = { FLINTN_WEBHOOK_SECRET: SECRET, PORT: 'http', DATABASE_URL: 'sqlite:/nowhere/inbox.db' };
  return runToEnd(['serve', '--config', config], { env, cwd: folder }).finally(() =>
    rmSync(config, { recursive: true }),
  );
}

test('a service with such a file does not start, and lists its knobs with the variables', async () => {
  const { code, output } = await check('export default { backof: {}, handler: { maxAttempts: "20" } };\n');
  expect(code).toBe(78);
  expect(output).toContain('3 settings keep Consignee from starting');
  expect(output).toContain('  PORT is not a whole number from 0 to 65535.\n');
  expect(output).toContain('  config/service.ts: backof is not known.\n      Did you mean backoff? ');
  expect(output).toContain(
    '  config/service.ts: handler.maxAttempts is "20".\n      Use a whole number from 1 to 1000.\n',
  );
});

test('there need be no such file; one that exports its knobs by another name is a mistake', async () => {
  const without = await check(undefined);
  expect(without.output).toContain('One setting keeps Consignee from starting');
  const misnamed = await check('export const knobs = { handler: { maxAttempts: 30 } };\n');
  expect(misnamed.output).toContain(
    '  config/service.ts: the default export is null.\n      Write { bytesInFlightMax, ',
  );
});
