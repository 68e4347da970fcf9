/** docs/providers.md is what the presets say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../harness/project.ts';
import { providersPage } from './providers-page.ts';

test('the page of providers says what the presets say', () => {
  // Written anew by: node test/docs/providers-page.ts > docs/providers.md
  expect(readFileSync(join(ROOT, 'docs/providers.md'), 'utf8')).toBe(providersPage());
});
