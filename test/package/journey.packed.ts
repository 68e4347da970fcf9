/**
 * From an empty folder to a service one forgets about, as the README has it: a new project, its types and its test, the first run,
 * a provider more, an upgrade, and the events are still there.
 */
import { existsSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Project } from './project.ts';
import { before, now } from './tarballs.ts';

const starter = new Project();
const project = new Project(starter.path('my-hooks'));
afterAll(() => starter.remove());

async function expectDone(ran: ReturnType<Project['run']>): Promise<string> {
  const { code, output } = await ran;
  expect(code, output).toBe(0);
  return output;
}

beforeAll(async () => {
  starter.takeTarball(before ?? now.consignee);
  starter.write('package.json', '{}');
  await expectDone(starter.run('npm', 'install', './consignee.tgz', now.creator, '--force'));
});

test('a new project is written whole, and a second time nothing is written over', async () => {
  const said = await expectDone(starter.run('npx', 'consignee', 'init', 'my-hooks', '--sources', 'shippo'));
  expect(said).toContain('npm run dev');
  for (const line of said.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  for (const file of ['.gitignore', 'Dockerfile', '.github/workflows/ci.yml', 'README.md']) {
    expect(existsSync(project.path(file)), file).toBe(true);
  }
  expect(statSync(project.path('.env')).mode & 0o777).toBe(0o600);
  const secrets = project.read('.env');
  expect(await expectDone(starter.run('npx', 'create-consignee', 'my-hooks'))).toContain('was there already');
  expect(project.read('.env')).toBe(secrets);
});

let installedMs = 0;

test('it installs, its types hold under strict rules, and its own test passes', async () => {
  project.takeTarball(before ?? now.consignee);
  const manifest = JSON.parse(project.read('package.json'));
  manifest.dependencies.consignee = 'file:./consignee.tgz';
  project.write('package.json', JSON.stringify(manifest, null, 2));
  const begunAt = performance.now();
  await expectDone(project.run('npm', 'install'));
  installedMs = performance.now() - begunAt;
  expect(JSON.parse(project.read('tsconfig.json')).compilerOptions.skipLibCheck).toBeUndefined();
  await expectDone(project.run('npm', 'run', 'check:types'));
  const stricter = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
  await expectDone(project.run('npx', 'tsc', ...stricter));
  expect(await expectDone(project.run('npm', 'test'))).toMatch(/pass 2/);
});

test('the first run takes samples in, and gives them to the project’s own handler', async () => {
  const begunAt = performance.now();
  const service = await project.startDev();
  await expectDone(project.run('npm', 'run', 'send', '--', '--all', '--to', service.url));
  await expect.poll(service.output).toContain('shippo says track_updated');
  const seconds = (installedMs + performance.now() - begunAt) / 1_000;
  console.log(`${seconds.toFixed(1)} s from npm install to the first event that is handled`);
  expect(await service.stop(), service.output()).toBe(0);
  expect(await events()).toMatchObject([{ source: 'shippo', type: 'track_updated' }]);
});

test('a provider is added, once, and its samples come in; the project is upgraded, and has all events', async () => {
  project.takeTarball(now.consignee);
  await expectDone(project.run('npm', 'install', './consignee.tgz'));
  expect(await expectDone(project.run('npx', 'consignee', 'add', 'flexport'))).toContain(
    'FLEXPORT_WEBHOOK_SECRET',
  );
  const again = await project.run('npx', 'consignee', 'add', 'flexport');
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('has a source flexport already') });
  await expectDone(project.run('npm', 'run', 'check:types'));
  const service = await project.startDev();
  await expectDone(project.run('npm', 'run', 'send', '--', '--all', '--to', service.url));
  expect(await service.stop(), service.output()).toBe(0);
  const sources = (await events()).map(({ source }) => source);
  expect(sources.sort()).toEqual(['flexport', 'shippo', 'shippo']);
});

test.skipIf(before !== undefined)(
  'there is no package of the commit before: the upgrade is one to itself',
  () => {
    expect(before).toBeUndefined();
  },
);

async function events(): Promise<{ source: string; type: string }[]> {
  const listed = await expectDone(project.run('npx', 'consignee', 'events', 'list', '--json'));
  return listed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}
