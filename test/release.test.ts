/** .github/workflows/release.yml, as far as it can be tried without GitHub: what it runs is there, and the names are right. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { releaseOf } from '../scripts/release.ts';
import { ROOT } from './harness/project.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const workflow = read('.github/workflows/release.yml');
const { version, scripts } = JSON.parse(read('package.json')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
};
const [, before = '', jobs = ''] = /^([\s\S]*?)\njobs:\n([\s\S]*)$/.exec(workflow) ?? [];
/** Each with its lines. */
const jobNamed = new Map(
  jobs.split(/^ {2}(?=\w[\w-]*:$)/m).flatMap((text) => {
    const [, name] = /^(\w[\w-]*):$/m.exec(text.split('\n')[0] ?? '') ?? [];
    return name === undefined ? [] : [[name, text] as const];
  }),
);
const job = (name: string) => jobNamed.get(name) ?? '';
const commands = [...workflow.matchAll(/^\s+(?:- )?run: (.*)$/gm)].map(([, command = '']) => command);

test('a tag starts it, and no job may do more than its own', () => {
  expect(before).toMatch(/on:\n {2}push:\n {4}tags: \['v\*\.\*\.\*'\]/);
  expect(before).toMatch(/^permissions:\n {2}contents: read$/m);
  expect([...jobNamed.keys()]).toEqual(['name', 'test', 'image', 'npm']);
  const rights = (name: string) =>
    [...job(name).matchAll(/^ {6}([\w-]+: write)$/gm)].map(([, right]) => right);
  expect([rights('name'), rights('test'), rights('image'), rights('npm')]).toEqual([
    [],
    [],
    ['packages: write'],
    ['id-token: write'],
  ]);
  expect(workflow).not.toMatch(/NODE_AUTH_TOKEN|NPM_TOKEN|secrets\./);
});

test('nothing is published before all that goes before it, and what it waits for is there', () => {
  const needs = (name: string) => /needs: \[?([\w, ]+)\]?/.exec(job(name))?.[1]?.split(', ') ?? [];
  expect([needs('test'), needs('image'), needs('npm')]).toEqual([
    ['name'],
    ['name', 'test'],
    ['name', 'test', 'image'],
  ]);
  for (const [, name = '', output = ''] of workflow.matchAll(/needs\.(\w+)\.outputs\.([\w-]+)/g))
    expect(job(name)).toMatch(new RegExp(`^ {6}${output}: `, 'm'));
});

test('what it runs is there', () => {
  expect(commands.length).toBeGreaterThan(7);
  for (const command of commands) {
    const [, script] = /npm run (\S+)/.exec(command) ?? [];
    if (script !== undefined) expect(scripts, command).toHaveProperty([script]);
    const [, file] = /(?:^|node )(\S+\/\S+)/.exec(command) ?? [];
    if (file !== undefined && !command.startsWith('npm '))
      expect(existsSync(join(ROOT, file)), command).toBe(true);
  }
  expect(commands.join('\n')).toContain('npm run test:image');
  expect(job('image').indexOf('test:image')).toBeLessThan(job('image').indexOf('push: true'));
  // What the packages are, and that they can be installed, is tried by what .ci/run runs.
  expect(job('test')).toContain('.ci/run');
  expect(read('.ci/run')).toMatch(/^npm test\n[\s\S]*^npm run test:package$/m);
  expect(job('image')).toMatch(
    /platforms: linux\/amd64,linux\/arm64[\s\S]*sbom: true\n\s+provenance: mode=max/,
  );
});

test('both packages are published, by the names that `npm run pack` gives them, with provenance', () => {
  const published = commands.filter((command) => command.startsWith('npm publish'));
  expect(published).toEqual([
    'npm publish "build/consignee-$VERSION.tgz" --provenance --access public --tag "$NPM_TAG"',
    'npm publish "build/create-consignee-$VERSION.tgz" --provenance --access public --tag "$NPM_TAG"',
  ]);
});

const compose = read('docker-compose.yml');

test('a release has the version of package.json, and is told of in CHANGELOG.md', () => {
  const changelog = `# Changelog\n\n## ${version} – today\n`;
  const base = /^node:26-bookworm-slim=docker-image:\/\/node:26-bookworm-slim@sha256:[0-9a-f]{64}$/;
  expect(releaseOf('v1.4.2', '1.4.2', '\n## 1.4.2 – today', compose)).toEqual({
    version: '1.4.2',
    npmTag: 'latest',
    imageTags: ['1.4.2', '1.4', '1', 'latest'],
    base: expect.stringMatching(base),
  });
  expect(releaseOf('v1.5.0-rc.1', '1.5.0-rc.1', '', compose)).toMatchObject({
    npmTag: 'next',
    imageTags: ['1.5.0-rc.1'],
  });
  expect(releaseOf(`v${version}`, version, changelog, compose).version).toBe(version);
  expect(() => releaseOf('v9.9.9', version, changelog, compose)).toThrow('the tag is v9.9.9');
  expect(() => releaseOf('v1.4.2', '1.4.2', changelog, compose)).toThrow('no heading for 1.4.2');
  expect(() => releaseOf('v1.4', '1.4', changelog, compose)).toThrow('1.4 is no version');
});

test('the lock file has the version, too', () => {
  const lock = JSON.parse(read('package-lock.json'));
  expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
});
