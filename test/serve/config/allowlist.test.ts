/** What may stand on an allowlist, in the variable and in the file. Single rules: config.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { GOOD, reading, settingsOf, sourceOf, textOf } from './reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'consignee-lists-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string | Buffer): string {
  const path = join(folder, String(files++));
  writeFileSync(path, content);
  return path;
}
const inline = (list: string) => ({ SHIPPO_WEBHOOK_TOKEN: GOOD, SHIPPO_ALLOW_FROM: list });
const inFile = (content: string | Buffer) => ({
  SHIPPO_WEBHOOK_TOKEN: GOOD,
  SHIPPO_ALLOW_FROM_FILE: file(content),
});
const entriesIn = (environment: Record<string, string>) => {
  expect(reading(environment).problems).toEqual([]);
  expect(reading(environment).warnings).toEqual([]);
  return sourceOf(environment, 'shippo').allowFrom.map(({ entry }) => entry);
};

test('every entry is kept with where it comes from', () => {
  const { allowFrom, schemes } = sourceOf(
    inline('::ffff:10.0.0.0/104, shippo-us, dns:Hooks.Example.com'),
    'shippo',
  );
  expect(schemes).toEqual(['ip', 'token']);
  const us = ['52.4.41.98', '52.23.121.194', '52.44.110.80', '54.81.253.187', '54.81.255.221'];
  expect(allowFrom).toEqual([
    { entry: '10.0.0.0/8', rules: ['10.0.0.0/8'] },
    {
      entry: 'shippo-us',
      rules: us,
      published: { from: 'docs.goshippo.com/tracking/webhook-security', asOf: '2026-11' },
    },
    { entry: 'dns:hooks.example.com', rules: [], name: 'hooks.example.com' },
  ]);
});

test.each([
  ['commas', '203.0.113.7, 2001:DB8::/32,dns:a.example.com'],
  ['lines', '203.0.113.7\n2001:DB8::/32\ndns:a.example.com\n'],
  ['lines from Windows', '\r\n203.0.113.7\r\n2001:DB8::/32\r\ndns:a.example.com\r\n'],
  ['both', '203.0.113.7,\n2001:DB8::/32 ,dns:a.example.com'],
  [
    'comments',
    '# ours\n203.0.113.7 # old, office\n\n  # dns:b.example.com\n2001:DB8::/32,dns:a.example.com#new',
  ],
])('a file holds the same entries, with %s', (_title, content) => {
  expect(entriesIn(inFile(content))).toEqual(['203.0.113.7', '2001:db8::/32', 'dns:a.example.com']);
});

test.each([
  ['nothing', ''],
  ['blank lines', '\n \r\n'],
  ['comments alone', '# 198.51.100.7\n'],
  ['a gap', '198.51.100.7,,198.51.100.8\n'],
  ['a gap at the beginning', ',198.51.100.7\n'],
  ['a range of everybody', '198.51.100.7\n0.0.0.0/0\n'],
  ['two addresses without a comma', '198.51.100.7 198.51.100.8\n'],
  ['a comment of another kind', '198.51.100.7 // office\n'],
  ['UTF-16', Buffer.from('198.51.100.7\n', 'utf16le')],
  ['a zero byte', '198.51.100.7\0\n'],
  ['old line ends', '198.51.100.7\r198.51.100.8\r'],
])('a file with anything else is refused: %s', (_title, content) => {
  const { problems } = reading(inFile(content));
  expect([...new Set(settingsOf(problems))]).toEqual(['SHIPPO_ALLOW_FROM_FILE']);
  expect(textOf(problems)).not.toContain('198.51.100');
});

test('a mistake in a file is named by its line', () => {
  const { problems } = reading(inFile('# office\n203.0.113.7\n\n52.4.41.98/33, dns:*.example.com\n'));
  expect(textOf(problems).match(/\(line \d+\)/g)).toEqual(['(line 4)', '(line 4)']);
});

test('a file that cannot be read is a problem, never a list less', () => {
  mkdirSync(join(folder, 'a-folder'));
  for (const path of [join(folder, 'not-there'), join(folder, 'a-folder'), '']) {
    const environment = { SHIPPO_WEBHOOK_TOKEN: GOOD, SHIPPO_ALLOW_FROM_FILE: path };
    expect(settingsOf(reading(environment).problems)).toEqual(['SHIPPO_ALLOW_FROM_FILE']);
    expect(sourceOf(environment, 'shippo').schemes).toEqual(['ip', 'token']);
  }
});

test('a list and its file together are refused', () => {
  const { problems } = reading({ ...inline('203.0.113.7'), ...inFile('203.0.113.7') });
  expect(settingsOf(problems)).toEqual(['SHIPPO_ALLOW_FROM']);
});

test('a file as the only check is a problem in production too', () => {
  const { SHIPPO_WEBHOOK_TOKEN: _token, ...alone } = inFile('dns:a.example.com');
  expect(settingsOf(reading({ ...alone, NODE_ENV: 'production' }).problems)).toEqual(['SHIPPO_ALLOW_FROM']);
});

test.each([
  ...['', '198.51.100.7', '198.51.100.0/24', '[2001:db8::1]', '2001:db8::1', '0x7f.1', '1.2.3.4.', '127.1'],
  ...[
    '*.partner.test',
    'a.*',
    'localhost',
    'partner',
    'in.partner.test.',
    '.partner.test',
    'a..partner.test',
  ],
  ...[
    'in.partner.test:443',
    'in.partner.test/24',
    'https://in.partner.test',
    'a.partner.test b.partner.test',
  ],
  ...[
    '-a.partner.test',
    'a-.partner.test',
    'a_b.partner.test',
    'ïn.partner.test',
    'a.partner.test\0',
    'a.example.1',
  ],
  ...[
    `${'a'.repeat(64)}.partner.test`,
    `${'a.'.repeat(130)}com`,
    ' a.partner.test',
    'dns:a.partner.test',
    'a.partner.test;',
  ],
])('what DNS cannot be asked for is refused after dns:, in development too: “%s”', (name) => {
  for (const mode of ['development', 'production']) {
    const { problems } = reading({ ...inline(`203.0.113.7,dns:${name}`), NODE_ENV: mode });
    expect(settingsOf(problems)).toEqual(['SHIPPO_ALLOW_FROM']);
    if (name.length > 3) expect(textOf(problems)).not.toContain(name);
  }
});

test('a bare host name is refused, and the fix is named', () => {
  const { problems } = reading(inline('hooks.partner.example'));
  expect(settingsOf(problems)).toEqual(['SHIPPO_ALLOW_FROM']);
  expect(textOf(problems)).toContain('dns:<name>');
});

test('a proxy is never believed because of DNS', () => {
  const { problems } = reading({ ...inline('203.0.113.7'), TRUST_PROXY: 'dns:proxy.example.com' });
  expect(settingsOf(problems)).toEqual(['TRUST_PROXY']);
  expect(textOf(problems)).not.toContain('dns:<name>');
});

test('a list that nobody could compare with in time is refused', () => {
  const names = Array.from({ length: 50 }, (_, at) => `dns:a${at}.example.com`);
  const rules = Array.from({ length: 250 }, (_, at) => `203.0.113.${at}`);
  expect(entriesIn(inFile([...names, ...rules].join('\n')))).toHaveLength(300);
  for (const more of ['dns:b.example.com', '2001:db8::/32']) {
    const { problems } = reading(inFile([...names, ...rules, more].join('\n')));
    expect(settingsOf(problems)).toEqual(['SHIPPO_ALLOW_FROM_FILE']);
  }
});
