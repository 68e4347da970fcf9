/** `consignee init`, and what every command has in common: its usage, its exit codes, its word to an old Node. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { runToEnd } from '../harness/command.ts';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import { ROOT, SECRET } from '../harness/project.ts';

const { folder, consignee } = useFolder();
const file = join(folder, '.env');

test('init writes a file of fresh secrets that only its owner can read, and prints none of them', async () => {
  const { code, output } = await consignee(['init']);
  expect(code).toBe(0);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  const secrets = [...readFileSync(file, 'utf8').matchAll(/^[A-Z]+_WEBHOOK_SECRET=([0-9a-f]{64})$/gm)];
  expect(new Set(secrets.map(([, secret]) => secret)).size).toBe(4);
  for (const [, secret] of secrets) expect(output).not.toContain(secret);
});

test('init writes a secret for each source of the wiring, and says where it belongs', async () => {
  const empty = mkdtempSync(join(folder, 'other-'));
  const config = join(ROOT, 'test/fixtures/odd');
  const { code } = await runToEnd(['init', '--config', config], { cwd: empty });
  expect(code).toBe(0);
  const text = readFileSync(join(empty, '.env'), 'utf8');
  expect([...text.matchAll(/^([A-Z_]+)=[0-9a-f]{64}$/gm)].map(([, name]) => name)).toEqual([
    'JOBS_WEBHOOK_SECRET',
    'THINGS_WEBHOOK_SECRET',
  ]);
  expect(text).toMatch(/^# Flexport\. In Flexport’s account settings, add a webhook endpoint/m);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
});

test('init makes up no public key: that setting is left to fill in', async () => {
  const empty = mkdtempSync(join(folder, 'public-'));
  const config = join(ROOT, 'test/fixtures/public-keys');
  expect((await runToEnd(['init', '--config', config], { cwd: empty })).code).toBe(0);
  const text = readFileSync(join(empty, '.env'), 'utf8');
  expect(text).toMatch(/^# SENDGRID_WEBHOOK_SECRET=$/m);
  expect(text).toMatch(/^GITHUB_WEBHOOK_SECRET=[0-9a-f]{64}$/m);
});

test('init in a clone says where the package comes from, and the project has a script for each command it is told of', async () => {
  const { code, output } = await consignee(['init', 'my-hooks', '--sources', 'notion']);
  expect(code).toBe(0);
  const [, clone = '', tarball = ''] =
    /Now:\n\n {2}npm run pack --prefix (\S+)\n {2}cd my-hooks\n {2}npm install (\S+)\n {2}npm run dev\n/.exec(
      output,
    ) ?? [];
  expect(realpathSync(join(folder, clone))).toBe(ROOT);
  expect(join(realpathSync(folder), 'my-hooks', tarball)).toBe(join(ROOT, `build/consignee-${VERSION}.tgz`));
  const { scripts } = JSON.parse(readFileSync(join(folder, 'my-hooks/package.json'), 'utf8'));
  expect(scripts).toMatchObject({ setup: 'consignee setup' });
  expect(readFileSync(join(folder, 'my-hooks/.env'), 'utf8')).toMatch(/^NOTION_VERIFY=handshake$/m);
});

test('init leaves a file that is there as it is', async () => {
  const before = readFileSync(file, 'utf8');
  const { code, output } = await consignee(['init']);
  expect([code, output]).toEqual([0, expect.stringContaining('left as it is')]);
  expect(readFileSync(file, 'utf8')).toBe(before);
  writeFileSync(file, '');
  expect((await consignee(['init'])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('without a command the usage is shown, and a wrong one is named', async () => {
  expect(await consignee([])).toMatchObject({
    code: 64,
    output: expect.stringContaining('Usage: consignee'),
  });
  expect(await consignee(['--help'])).toMatchObject({ code: 0, output: expect.stringContaining('Usage: ') });
  for (const name of ['sned', 'constructor', '__proto__']) {
    expect(await consignee([name])).toMatchObject({
      code: 64,
      output: expect.stringContaining(`no command ${name}`),
    });
  }
  const { output } = await consignee(['sned']);
  expect(output).toMatch(/^consignee: no command sned\. Did you mean send\?\n/);
  // So that the mistake does not scroll away.
  expect(output.split('\n').length).toBeLessThan(24);
});

test('an option that does not exist is named, without a stack trace', async () => {
  for (const command of ['init', 'serve', 'send', 'events', 'check']) {
    const { code, output } = await consignee([command, '--frobnicate']);
    expect([command, code]).toEqual([command, 64]);
    expect(output).toContain('--frobnicate');
    expect(output).toContain('The same with --help has the options.');
    expect(output).not.toContain('positional');
    expect(output).not.toMatch(/\n\s+at /);
  }
});

test('every command explains itself with --help, on 80 columns', async () => {
  const { output: list } = await consignee(['help']);
  const commands = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, command = '']) => command);
  expect(commands.length).toBeGreaterThan(12);
  for (const command of commands) {
    const { code, output } = await consignee([command, '--help']);
    expect([command, code]).toEqual([command, 0]);
    expect(output).toContain('Usage: ');
    for (const line of [list, output].join('\n').split('\n'))
      expect(line.length, line).toBeLessThanOrEqual(80);
  }
});

test('a port that is taken is explained', async () => {
  const service = await openService();
  const env = {
    FLEXPORT_WEBHOOK_SECRET: SECRET,
    PORT: String(service.port),
    CONSOLE_PORT: '0',
    DATABASE_URL: `sqlite:${folder}/taken.db`,
  };
  const { code, output } = await consignee(['serve'], env);
  expect(code).toBe(1);
  expect(output).toContain(`port ${service.port} is taken by another program. Stop it, or set PORT`);
  expect(output).not.toMatch(/\n\s+at /);
  expect(service.events()).toEqual([]);
  await service.stop();
});

const consigneeJs = join(ROOT, 'bin/consignee.js');
const sentence =
  /^Consignee needs Node 24 or later, and this is v[\d.]+\. Get a newer one from nodejs\.org; in a clone [^\n]*\n$/;

test('an older Node gets one sentence', () => {
  const patch = join(folder, 'older.cjs');
  writeFileSync(
    patch,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });
     Object.defineProperty(process, 'version', { value: 'v18.20.0' });`,
  );
  const { status, stderr, stdout } = spawnSync(process.execPath, ['-r', patch, consigneeJs, 'serve']);
  expect([status, stdout.toString()]).toEqual([78, '']);
  expect(stderr.toString()).toMatch(sentence);
  expect(stderr.toString()).toContain('v18.20.0');
});

const system = ['/usr/bin/node', '/usr/local/bin/node'].find(
  (path) =>
    existsSync(path) &&
    Number.parseInt(spawnSync(path, ['-p', 'process.versions.node']).stdout.toString(), 10) < 24,
);
test.skipIf(!system)('a truly older Node gets the same sentence (needs one beside ours)', () => {
  const { status, stderr } = spawnSync(system as string, [consigneeJs, 'serve']);
  expect([status, stderr.toString()]).toEqual([78, expect.stringMatching(sentence)]);
});
