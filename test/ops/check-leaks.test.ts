/** Live secrets in git and in other environments’ settings: found by value wherever they lie, and never printed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { needlesOf, Search } from '../../src/ops/check/leaks.ts';
import { GOOD, useCheck } from '../fixtures/check/checking.ts';
import { SECRET } from '../harness/project.ts';

const TOKEN = 'a-token-of-the-tests-that-is-long-enough-0123';
const ENV = { ...GOOD, SHIPPO_WEBHOOK_TOKEN: TOKEN };
const { folder, check, git } = useCheck();

beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  git('init', '-q');
});

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function commit(message: string): string {
  git('add', '-A');
  git('commit', '-q', '-m', message);
  return git('rev-parse', '--short', 'HEAD').trim();
}

test('a clean repository passes, and says how much was looked at', async () => {
  write('README.md', 'hello\n');
  commit('hello');
  const { code, of } = await check(ENV);
  expect(code).toBe(0);
  expect(of('git history')).toMatchObject([
    { verdict: 'pass', says: expect.stringMatching(/^none of 2 live secrets; 3 objects \(0\.\d MB\)/) },
  ]);
  expect(of('work tree')).toMatchObject([
    { verdict: 'pass', says: expect.stringContaining('1 file (0.0 MB) looked through') },
  ]);
});

test('a secret in an old commit is found, with its place, though it has been removed since', async () => {
  write('settings/old.env', `A=1\nSHIPPO=${SECRET}\n`);
  const leak = commit('settings');
  write('settings/old.env', 'A=1\n');
  commit('take the secret out');
  rmSync(join(folder, 'settings'), { recursive: true });
  commit('take the file out');
  const { code, of, failures } = await check(ENV);
  expect([code, failures]).toEqual([1, ['git history']]);
  const [finding] = of('git history');
  expect(finding?.says).toContain(
    `SHIPPO_WEBHOOK_SECRET is in settings/old.env of commit ${leak}. Rotate it`,
  );
});

test('it is found in a packed object, in a commit message, and in what no branch leads to', async () => {
  write('a.txt', `${'x'.repeat(100_000)}${SECRET}${'y'.repeat(100_000)}`);
  commit('one');
  git('checkout', '-q', '--orphan', 'other');
  rmSync(join(folder, 'a.txt'));
  write('b.txt', 'clean\n');
  commit(`deploy with ?token=${TOKEN}`);
  git('branch', '-D', 'master');
  git('repack', '-q', '-a', '-d', '-k');
  expect(readdirSync(join(folder, '.git/objects')).sort()).toEqual(['info', 'pack']);
  const { of } = await check(ENV);
  const says = of('git history').map((finding) => finding.says);
  expect(says.some((text) => /SHIPPO_WEBHOOK_TOKEN is in the message of commit /.test(text))).toBe(true);
  expect(says.some((text) => /SHIPPO_WEBHOOK_SECRET is in the blob \w{10} of git’s store/.test(text))).toBe(
    true,
  );
  expect(says).toHaveLength(2);
});

test('it is found across the parts in which a large file is read', async () => {
  // One part is 1 MiB; the secret of 41 bytes lies on its edge.
  for (const before of [1, 20, 40]) {
    write('large.txt', `${'x'.repeat(1_048_576 - before)}${SECRET}${'y'.repeat(1_000)}`);
    expect((await check(ENV)).of('work tree')).toMatchObject([{ verdict: 'fail' }]);
  }
});

test('it is found however the bytes are cut, and not across two contents', () => {
  const needles = needlesOf([
    { setting: 'A', variable: 'A', label: 'current', isCurrent: true, value: SECRET },
  ]);
  const cuts = fc.array(fc.integer({ min: 0, max: SECRET.length + 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(cuts, fc.nat(20), (places, before) => {
      const bytes = Buffer.from(`${'a-secret'.repeat(3).slice(0, before)}${SECRET}`.padEnd(70, '-'));
      const edges = [0, ...places.sort((a, b) => a - b), bytes.length];
      const parts = edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
      const search = new Search(needles);
      search.begin();
      expect(parts.flatMap((part) => search.feed(part))).toEqual(needles);
      const apart = new Search(needles);
      for (const part of [SECRET.slice(0, 20), SECRET.slice(20)]) {
        apart.begin();
        expect(apart.feed(Buffer.from(part))).toEqual([]);
      }
    }),
  );
});

test('files that git tracks or would take along are searched, ignored ones are not', async () => {
  write('.gitignore', 'ignored/\n');
  write('tracked.txt', 'clean');
  commit('one');
  write('ignored/secret', SECRET);
  symlinkSync(join(folder, 'ignored/secret'), join(folder, 'link'));
  expect(await check(ENV)).toMatchObject({ code: 0, failures: [] });
  write('tracked.txt', `changed: ${TOKEN}`);
  write('new\u0007.txt', SECRET);
  const { code, of } = await check(ENV);
  const says = of('work tree').map((finding) => finding.says);
  expect(code).toBe(1);
  expect(says).toHaveLength(2);
  expect(says.join('\n')).toContain('SHIPPO_WEBHOOK_TOKEN is in tracked.txt');
  expect(says.join('\n')).toContain('SHIPPO_WEBHOOK_SECRET is in new\ufffd.txt');
});

test('retired secrets, console tokens, API keys and secrets from files are looked for as well', async () => {
  const all = { previous: `${SECRET}-p`, console: `${SECRET}-c`, key: `${SECRET}-k`, file: `${SECRET}-f` };
  write('ignored/flintn', `${all.file}\n`);
  write('.gitignore', 'ignored/\n');
  write('leak.txt', Object.values(all).join('\n'));
  const { of } = await check({
    ...GOOD,
    SHIPPO_WEBHOOK_SECRET: 'another-secret-of-the-tests-that-is-long-enough',
    SHIPPO_WEBHOOK_SECRET_PREVIOUS: all.previous,
    CONSOLE_TOKEN: all.console,
    FLEXPORT_API_KEY_NEXT: all.key,
    FLINTN_WEBHOOK_SECRET_FILE: join(folder, 'ignored/flintn'),
  });
  const names = of('work tree').map(({ says }) => says.split(' ')[0]);
  expect(names.sort()).toEqual([
    'CONSOLE_TOKEN',
    'FLEXPORT_API_KEY_NEXT',
    'FLINTN_WEBHOOK_SECRET_FILE',
    'SHIPPO_WEBHOOK_SECRET_PREVIOUS',
  ]);
});

test('git is told no secret, neither by its arguments nor by its environment', async () => {
  const heard = join(folder, '.git/heard');
  const programs = join(folder, '.git/programs');
  const real = execFileSync('which', ['git']).toString().trim();
  write('.git/programs/git', `#!/bin/sh\n{ echo "$@"; /usr/bin/env; } >> ${heard}\nexec ${real} "$@"\n`);
  chmodSync(join(programs, 'git'), 0o755);
  write('leak.txt', SECRET);
  commit('one');
  expect((await check({ ...ENV, PATH: programs })).failures).toEqual(['git history', 'work tree']);
  const text = readFileSync(heard, 'utf8');
  for (const command of ['cat-file', 'ls-files', '--find-object']) expect(text).toContain(command);
  for (const value of [SECRET, TOKEN]) expect(text).not.toContain(value);
});

test('what is too short to be looked for is said', async () => {
  const { of } = await check({ ...GOOD, SHIPPO_WEBHOOK_TOKEN: 'ab12Cd' });
  expect(of('git history')[0]).toMatchObject({
    verdict: 'warn',
    says: expect.stringContaining('SHIPPO_WEBHOOK_TOKEN is too short'),
  });
});

test('from a folder below, the whole work tree is searched', async () => {
  write('leak.txt', SECRET);
  commit('one');
  write('below/clean.txt', 'clean');
  const { of, failures } = await check(ENV, [], join(folder, 'below'));
  expect(failures).toEqual(['git history', 'work tree']);
  expect(of('work tree')[0]?.says).toContain('SHIPPO_WEBHOOK_SECRET is in leak.txt');
});

test('a shallow clone is searched, and said to be one', async () => {
  write('leak.txt', SECRET);
  commit('one');
  write('leak.txt', 'clean');
  commit('two');
  git('clone', '-q', '--depth', '1', `file://${folder}`, join(folder, 'clone'));
  const { code, of } = await check(ENV, [], join(folder, 'clone'));
  expect([code, of('git history')]).toMatchObject([
    0,
    [{ verdict: 'not known', says: expect.stringContaining('a shallow clone') }],
  ]);
});

test('a history that git cannot read whole is a warning, not a pass', async () => {
  write('a.txt', 'clean');
  commit('one');
  const id = git('rev-parse', 'HEAD:a.txt').trim();
  const object = join(folder, '.git/objects', id.slice(0, 2), id.slice(2));
  rmSync(object);
  writeFileSync(object, 'broken');
  const { of } = await check(ENV);
  expect(of('git history')).toMatchObject([
    { verdict: 'warn', says: expect.stringMatching(/^only \d objects? .* looked through: 1 cannot be read/) },
  ]);
});

test('another environment’s settings must hold none of them', async () => {
  const staging = join(folder, 'ignored/staging.env');
  write('.gitignore', 'ignored/\n');
  write('ignored/staging.env', 'SHIPPO_WEBHOOK_SECRET=of-staging-alone-0123456789abcdef\n');
  write('ignored/test.env', `SHIPPO_WEBHOOK_TOKEN='${TOKEN}'\n`);
  const good = await check(ENV, ['--against', staging]);
  expect([good.code, good.of('other settings')]).toMatchObject([
    0,
    [{ verdict: 'pass', says: `${staging} has none of 2 live secrets` }],
  ]);
  const bad = await check(ENV, ['--against', staging, '--against', join(folder, 'ignored/test.env')]);
  expect([bad.code, bad.of('other settings')[1]]).toMatchObject([
    1,
    { verdict: 'fail', says: expect.stringContaining('has the value of SHIPPO_WEBHOOK_TOKEN') },
  ]);
  const gone = await check(ENV, ['--against', join(folder, 'gone.env')]);
  expect([gone.code, gone.failures]).toEqual([1, ['other settings']]);
});
