/** What others publish under a name may be another thing tomorrow: what we build and run on is named by its digest. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './harness/project.ts';

/** Every word after `key` at the beginning of a line, in the files that match. */
function named(key: RegExp, pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line) => line.trim().match(key)?.[1] ?? []),
  );
}

test('actions are pinned to a commit, and say which release it is', () => {
  const actions = named(/^(?:- )?uses: (.*)/, '.github/workflows/*.yml');
  expect(actions.length).toBeGreaterThan(0);
  for (const action of actions) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('images that others make are pinned to a digest', () => {
  const composed = named(/^image: (.*)/, 'docker-compose*.yml').filter((image) => !/^consignee/.test(image));
  const [base = ''] = named(/^FROM (.*)/, 'Dockerfile');
  const built = named(new RegExp(`^"${base}": docker-image://(.*)`), 'docker-compose.yml');
  expect(composed).toHaveLength(3);
  expect(built).toEqual([expect.stringContaining(`${base}@`)]);
  for (const image of [...composed, ...built]) expect(image).toMatch(/^[\w/-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
});

test('Compose trusts the proxy alone, limits every service, and passes on nothing of a developer’s .env', () => {
  const single = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const [, trusted] = single.match(/TRUST_PROXY: (\S+)/) ?? [];
  for (const file of globSync('docker-compose*.yml', { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(text).toContain(`default: { ipv4_address: ${trusted} }`);
    // Docker gives no other container an address below these.
    expect(text).toContain('ip_range: 10.213.42.8/29');
    expect(text).not.toMatch(/env_file: \.env$/m);
    const restarted = text.match(/restart: unless-stopped\n(?! {4}deploy:)/g) ?? [];
    expect(restarted).toEqual([]);
  }
  expect(trusted).toMatch(/^10\.213\.42\.[2-7]$/);
});
