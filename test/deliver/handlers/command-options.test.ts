/** What may be wrong in the options of a command; and the handler by itself, without a service. */
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { AttemptResult, HandlerContext } from '../../../src/deliver/handler.ts';
import { Unavailable } from '../../../src/deliver/handler.ts';
import { OutputTail } from '../../../src/deliver/handlers/command/process.ts';
import { type CommandOptions, command } from '../../../src/deliver/handlers/command.ts';
import type { WebhookEvent } from '../../../src/verify/event.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const event: WebhookEvent = {
  id: 'evt_1',
  source: 'jobs',
  type: 'told',
  externalId: '1',
  receivedAt: new Date(0),
  headers: {},
  body: Buffer.from('{}'),
  data: {},
  attempt: 1,
};

async function runOnce(options: CommandOptions, signal = new AbortController().signal) {
  let result: AttemptResult = {};
  const record = (more: AttemptResult) => {
    result = { ...result, ...more };
  };
  const context: HandlerContext = { signal, log: silent, development: false, record };
  await command(options).handle(event, context);
  return result;
}

const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete process.env.COMMAND_TEST;
});

/** As if there were no type check. */
const problemsOf = (options: unknown) => command(options as CommandOptions).problems ?? [];
const wrongIn = (options: unknown) => problemsOf(options).map(({ wrong }) => wrong);

test('sound options have no problems, and the limits that are left out are those of a program', () => {
  const handler = command({ program: 'sh' });
  expect(handler).toMatchObject({ problems: [], concurrency: 4, timeLimitMs: 35_000 });
  expect(handler).not.toHaveProperty('maxAttempts');
  process.env.COMMAND_TEST = '';
  const full: CommandOptions = {
    program: '/bin/sh',
    arguments: ['-c', ''],
    environment: ['COMMAND_TEST', 'EMPTY='],
    cwd: tmpdir(),
    timeoutMs: 1,
    concurrency: 9,
    maxAttempts: 2,
    types: ['a*'],
    sources: ['jobs'],
    ratePerSecond: 0.5,
  };
  expect(command(full)).toMatchObject({
    problems: [],
    timeLimitMs: 5_001,
    concurrency: 9,
    maxAttempts: 2,
    types: ['a*'],
    sources: ['jobs'],
    ratePerSecond: 0.5,
  });
});

test.each([undefined, null, 'run.sh', 7])('%j instead of options is a problem', (options) => {
  expect(wrongIn(options)).toContain('program of command is missing');
});

test.each([
  ['program of command is missing', {}],
  ['program of command is not the name or path of a program', { program: 7n }],
  ['program of no-such-program is no-such-program, which is not on PATH', { program: 'no-such-program' }],
  [
    'program of ./no-such.sh is ./no-such.sh, which is not an executable file here',
    { program: './no-such.sh' },
  ],
  ['program of /etc/passwd is /etc/passwd, which is not an executable file here', { program: '/etc/passwd' }],
  ['program of /tmp is /tmp, which is not an executable file here', { program: '/tmp' }],
  ['program of /bin/sh\0 is /bin/sh\0, which is not an executable file here', { program: '/bin/sh\0' }],
  ['argument of sh is not known', { program: 'sh', argument: ['x'] }],
  ['arguments of sh is not a list of strings without NUL', { program: 'sh', arguments: 'x' }],
  ['arguments of sh is not a list of strings without NUL', { program: 'sh', arguments: [1] }],
  ['arguments of sh is not a list of strings without NUL', { program: 'sh', arguments: ['a\0b'] }],
  ['environment of sh is not a list of strings', { program: 'sh', environment: { A: 'b' } }],
  ['environment of sh passes NOT_SET on, and it is not set', { program: 'sh', environment: ['NOT_SET'] }],
  [
    'environment of sh has CONSIGNEE_TYPE, which is not yours to set',
    { program: 'sh', environment: ['CONSIGNEE_TYPE=x'] },
  ],
  ['environment of sh has A, which cannot be a variable', { program: 'sh', environment: ['A=b\0'] }],
  [
    'environment of sh has an entry (number 2), which cannot be a variable',
    { program: 'sh', environment: ['A=', '=x'] },
  ],
  ['cwd of sh is "/no/such/folder"', { program: 'sh', cwd: '/no/such/folder' }],
  ['cwd of sh is "/bin/sh"', { program: 'sh', cwd: '/bin/sh' }],
  ['timeoutMs of sh is 0', { program: 'sh', timeoutMs: 0 }],
  ['timeoutMs of sh is "5000"', { program: 'sh', timeoutMs: '5000' }],
  ['timeoutMs of sh is 86400000', { program: 'sh', timeoutMs: 86_400_000 }],
])('a problem: config/sources.ts: %s', (wrong, options) => {
  expect(problemsOf(options)).toEqual([
    { setting: 'config/sources.ts', wrong, fix: expect.stringMatching(/\.$/) },
  ]);
});

test('the fix says which range, which folder, which name', () => {
  const fixOf = (options: object) => problemsOf({ program: 'sh', ...options })[0]?.fix;
  expect(fixOf({ timeoutMs: 0 })).toBe('Use a whole number from 1 to 86395000.');
  expect(fixOf({ cwd: 'nowhere' })).toContain(process.cwd());
  expect(fixOf({ argument: [] })).toMatch(/^Did you mean arguments\? The names are program, arguments, /);
});

test('all problems are told together, and no value that may be a secret', () => {
  const problems = problemsOf({
    program: './no-such.sh',
    arguments: 1,
    environment: ['postgres://user:hunter2@db/x', 'ghp_hunter2', 'x-y=hunter2'],
    cwd: 1,
    timeoutMs: Number.NaN,
    shell: true,
  });
  expect(problems).toHaveLength(8);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});

test('the same program with the same arguments is one target, and another is another', () => {
  const target = (options: CommandOptions) => command(options).target;
  expect(target({ program: 'sh' })).toBe(target({ program: 'sh', maxAttempts: 3 }));
  const others = [
    target({ program: 'sh' }),
    target({ program: 'sh', arguments: ['a', 'b'] }),
    target({ program: 'sh', arguments: ['a b'] }),
    target({ program: 'sh', arguments: ["a', 'b"] }),
    target({ program: 'sh', cwd: tmpdir() }),
    target({ program: 'sh', environment: ['A=b'] }),
  ];
  expect(new Set(others).size).toBe(others.length);
});

test('a handler with problems holds its events back', () => {
  const { handle } = command({ program: './no-such.sh' });
  expect(() => handle(event, {} as HandlerContext)).toThrow(Unavailable);
});

test('a name is looked for on PATH, and the program runs in its cwd', async () => {
  expect(await runOnce({ program: 'pwd', cwd: '/usr' })).toEqual({ status: 'exit 0', output: '/usr' });
});

test('standard output and error are kept together', async () => {
  const script = 'echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three';
  const { output } = await runOnce({ program: 'sh', arguments: ['-c', script] });
  expect(output).toBe('one\ntwo\nthree');
});

test('what cannot be started is not the fault of the event, whichever way the system says so', async () => {
  const script = join(folder, 'script');
  writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
  await expect(runOnce({ program: script })).rejects.toThrow(
    new Unavailable(`${script} cannot be started (ENOENT): it, its interpreter or its cwd is not there`),
  );
  const tooMuch = runOnce({ program: 'true', environment: [`A=${'x'.repeat(200_000)}`] });
  await expect(tooMuch).rejects.toThrow(/^\/.*true cannot be started \(E2BIG\)$/);
  await expect(tooMuch).rejects.toBeInstanceOf(Unavailable);
});

test('nothing listens on the signal when the run is over', async () => {
  const { signal } = new AbortController();
  await runOnce({ program: 'true' }, signal);
  await expect(runOnce({ program: 'false' }, signal)).rejects.toThrow('exit 1');
  const timedOut = runOnce({ program: 'sleep', arguments: ['60'], timeoutMs: 50 }, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await expect(timedOut).rejects.toThrow('took longer than 50 ms and was ended');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an attempt that is over before it begins starts nothing', async () => {
  const late = AbortSignal.abort(new Error('the service is stopping'));
  await expect(runOnce({ program: 'true' }, late)).rejects.toThrow('the service is stopping');
});

function tailOf(...chunks: (string | Buffer)[]): string {
  const tail = new OutputTail();
  for (const chunk of chunks) tail.add(Buffer.from(chunk));
  return tail.text(['hunter22']);
}

test('a short output is kept whole, even if it comes byte by byte', () => {
  expect(tailOf()).toBe('');
  expect(tailOf('one\r\n', 'two\n\n')).toBe('one\ntwo');
  expect(tailOf(...Array.from(Buffer.from('grüße 😀'), (byte) => Buffer.of(byte)))).toBe('grüße 😀');
});

test('of a long output the end is kept', () => {
  const text = tailOf(`${'a'.repeat(100_000)}\n`, 'b'.repeat(5_000), '\nthe end');
  expect(text).toMatch(/^…b+\nthe end$/);
  expect(text).toHaveLength(901);
});

test('secrets are taken out before anything is cut', () => {
  expect(tailOf('it is hunter22!')).toBe('it is [redacted]!');
  expect(tailOf('it is hun', 'ter22!')).toBe('it is [redacted]!');
  for (let from = 880; from < 910; from++) expect(tailOf('hunter22', '-'.repeat(from))).not.toContain('22');
  expect(tailOf(`Authorization: Bearer ${'t'.repeat(2_000)}`)).not.toContain('ttt');
});

test('control characters and colours are taken out', () => {
  expect(tailOf('\x1b[31mred\x1b[0m \x1b]0;title\x07\x00\x9b31m\ttab')).not.toMatch(/[^\P{Cc}\n\t]/u);
  expect(tailOf('\x1b[31mred\x1b[0m')).toBe('red');
});
