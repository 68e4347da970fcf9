/** docs/first-webhook.md names, for each provider, the path, the setting and the codes that there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { usage } from '../../src/ops/send.ts';
import { REFUSALS } from '../../src/verify/refusals.ts';
import wired from '../fixtures/four/sources.ts';
import { ROOT } from '../harness/project.ts';

const page = readFileSync(join(ROOT, 'docs/first-webhook.md'), 'utf8');

test('each provider that is wired has its row, with the path of its source', () => {
  for (const { preset } of wired) {
    const { name, title } = preset;
    const row = page.split('\n').find((line) => line.startsWith(`| ${title} |`));
    expect(row, title).toContain(`/webhooks/${name}`);
  }
});

test('each refusal that is shown there has that status', () => {
  const shown = [...page.matchAll(/`refused … (\d+) … (\w+)`/g)];
  expect(shown.length).toBeGreaterThan(2);
  for (const [, status, code] of shown) {
    expect(REFUSALS[code as keyof typeof REFUSALS].status, code).toBe(Number(status));
  }
});

test('each option of send that is shown there is one', () => {
  const shown = page.match(/npm run send -- [^`\n]*/g)?.join(' ') ?? '';
  const options = [...shown.matchAll(/ (--\w+)/g)].map(([, option]) => option as string);
  expect(new Set(options)).toEqual(new Set(['--to', '--set']));
  for (const option of options) expect(usage).toContain(`  ${option} `);
});
