/** `node scripts/console-pages.ts`: writes the list of pages in docs/console.md anew, as a test wants it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsolePage } from '../src/serve/console/page.ts';
import { PAGES } from '../src/serve/console/pages.ts';

const FILE = join(import.meta.dirname, '../docs/console.md');
const BEGIN = '## For programs';

export function consolePagesText(): string {
  const pages = PAGES as unknown as readonly ConsolePage<Record<string, unknown>>[];
  return pages
    .map(({ path, title, fields }) => {
      const members = Object.entries(fields).map(([name, says]) => `- \`${name}\`: ${says}`);
      return [`### ${title}: \`${path}\``, '', ...members, ''].join('\n');
    })
    .join('\n');
}

if (import.meta.main) {
  const [before = '', after = ''] = readFileSync(FILE, 'utf8').split(BEGIN);
  const [introduction = ''] = after.split('\n### ');
  writeFileSync(FILE, `${before}${BEGIN}${introduction.trimEnd()}\n\n${consolePagesText()}`);
}
