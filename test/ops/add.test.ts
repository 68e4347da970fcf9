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

test('where the secret is handed over none is made up: the service waits for it first, and the steps are in that order', async () => {
  const { output } = await add('notion');
  expect(output).toContain('Added NOTION_VERIFY to .env.\n');
  expect(read('.env')).toMatch(/\nNOTION_VERIFY=handshake\n# NOTION_WEBHOOK_SECRET=\n$/);
  const steps = [
    'Set NOTION_VERIFY=handshake, and no NOTION_WEBHOOK_SECRET yet, and start the service.',
    'create a subscription with the URL of this source',
    '`npx consignee secret take notion` shows once',
    'put it into NOTION_WEBHOOK_SECRET',
    'Then remove the line NOTION_VERIFY, and start the service again.',
  ];
  const places = steps.map((step) => output.indexOf(step));
  expect(places).toEqual(places.filter((at) => at >= 0).sort((one, other) => one - other));
  expect(output).toMatch(
    /Its events go to the handler `log` until yours stands there\.\nThen start the service again\.\n$/,
  );
});

test('somebody who has the secret already does not wait for it', async () => {
  writeFileSync(join(folder, '.env'), 'ASANA_WEBHOOK_SECRET=from-before\n');
  expect((await add('asana')).output).toContain('.env has ASANA_WEBHOOK_SECRET already.\n');
  expect(read('.env')).toBe('ASANA_WEBHOOK_SECRET=from-before\n');
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
