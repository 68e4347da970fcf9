/** What a screen would obey is shown instead, and JSON means the same as before. */
import { expect, test } from 'vitest';
import { createLog } from '../../src/base/log/log.ts';
import { clean } from '../../src/base/log/redact.ts';
import { visible, visibleJson, visibleLines } from '../../src/base/log/visible.ts';

const OBEYED = [
  ...[
    '\u0000',
    '\u0007',
    '\u001b',
    '\u007f',
    '\u0080',
    '\u0085',
    '\u009b',
    '\u009f',
    '\u00ad',
    '\u061c',
    '\u200b',
    '\u200d',
  ],
  ...[
    '\u200e',
    '\u2028',
    '\u2029',
    '\u202e',
    '\u2060',
    '\u2066',
    '\u2069',
    '\ufeff',
    '\ufff9',
    '\u{e0001}',
    '\u{e0041}',
  ],
];

test.each(OBEYED.map((one) => [`U+${one.codePointAt(0)?.toString(16)}`, one]))('%s', (_name, one) => {
  const text = `a${one}b`;
  expect(visible(text)).toBe('a\uFFFDb');
  expect(clean(text)).toBe('a\uFFFDb');
  expect(visibleLines(`${text}\n\tc`)).toBe('a\uFFFDb\n\tc');
  const json = visibleJson(JSON.stringify({ text }));
  expect(json).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(json)).toEqual({ text });
  expect(logged(false, text)).toMatch(/^[\x20-\x7e]*\n$/);
  expect(JSON.parse(logged(false, text))).toMatchObject({ odd: text, reason: text });
  expect(logged(true, text)).not.toContain(one);
  expect(logged(true, text)).toContain('a\uFFFDb');
});

test('letters of every script and pictures stay as they are', () => {
  const text = 'Zürich 東京 مرحبا שלום 🚢 naïve – “quoted”';
  expect(visible(text)).toBe(text);
  expect(visibleLines(text)).toBe(text);
  expect(visibleJson(JSON.stringify(text))).toBe(JSON.stringify(text));
});

test('a credential in the text of an error does not get into the log', () => {
  const url = 'connect to postgres://consignee:canary@db/inbox failed';
  const error = new Error(url);
  for (const fields of [{ reason: url }, { error: url }, { error }, { err: error }]) {
    for (const pretty of [false, true]) {
      expect(lineOf(pretty, fields)).not.toContain('canary');
      expect(lineOf(pretty, fields)).toContain('[redacted]@db/inbox');
    }
  }
});

function logged(pretty: boolean, text: string): string {
  return lineOf(pretty, { odd: text, reason: text, [`name${text}`]: { text } }, text);
}

function lineOf(pretty: boolean, fields: object, message = 'a line'): string {
  let written = '';
  const output = {
    write(line: string) {
      written += line;
    },
  };
  createLog({ level: 'info', pretty }, output).info(fields, message);
  return written;
}
