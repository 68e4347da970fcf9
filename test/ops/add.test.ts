/** `consignee add`: the line, the settings, and the words that tell a person what is left to do. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { useFolder } from '../harness/folder.ts';
import { ROOT } from '../harness/project.ts';

const { folder, consignee } = useFolder();
const add = (...args: string[]) => consignee(['add', ...args]);
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/consignee'));
});
beforeEach(() => {
  mkdirSync(join(folder, 'config'), { recursive: true });
  const wiring = "import { defineSources } from 'consignee';\n\nexport default defineSources([\n]);\n";
  writeFileSync(join(folder, 'config/sources.ts'), wiring);
  writeFileSync(join(folder, '.env'), '');
  writeFileSync(join(folder, '.env.example'), '');
});

test('what a provider signs beside the body is asked for, since the service does not start without it', async () => {
  for (const [name, setting] of [
    ['amazon-sns', 'AMAZON_SNS_TOPIC_ARN'],
    ['twilio', 'TWILIO_PUBLIC_URL'],
  ] as const) {
    const { output } = await add(name);
    expect(output).toContain(`Then set ${setting}, without which the service does not start, and start`);
    for (const file of ['.env', '.env.example']) expect(read(file)).toContain(`\n# ${setting}=\n`);
  }
});

test('a secret that is handed over is told with the setting that has the service take it', async () => {
  const { output } = await add('notion');
  expect(output).toContain('Set NOTION_VERIFY=handshake before you start it.');
  expect(output).toContain('`consignee secret take notion` shows once');
  expect(output).toMatch(
    /Its events go to the handler `log` until yours stands there\.\nThen start the service again\.\n$/,
  );
});

test('a name that is nearly right is guessed, and nothing is written', async () => {
  const before = read('config/sources.ts');
  const { code, output } = await add('gihtub');
  expect(code).toBe(64);
  expect(output).toMatch(/^consignee: there is no preset gihtub\. Did you mean github\?\n/);
  expect((await add('17track')).output).toContain('there is no preset 17track. Did you mean track17?');
  expect((await add('magento')).output).toContain('Did you mean adobe-commerce?');
  expect((await add()).output).toMatch(/^consignee: add wants one provider\n/);
  expect((await consignee(['init', 'new', '--sources', 'shipo'])).output).toContain('Did you mean shippo?');
  expect([read('config/sources.ts'), read('.env')]).toEqual([before, '']);
});
