/** Lists of commands in columns: whatever the names are, and however wide the terminal is. */
import { expect, test } from 'vitest';
import { EVENT_HEADER, eventCells } from '../../src/ops/event-lines.ts';
import { columns, foldLines, hostInUrl } from '../../src/ops/terminal.ts';

const ROWS = [
  ['pass', 'shippo', 'off'],
  ['warn', 'shippo-eu-returns', 'two hundred words would not fit here, a few do, and the rest goes below'],
  ['fail', '', 'done'],
];

test('every column is as wide as its longest name, and a pipe gets one line a row', () => {
  expect(columns(ROWS)).toEqual([
    'pass  shippo             off',
    'warn  shippo-eu-returns  two hundred words would not fit here, a few do, and the rest goes below',
    'fail                     done',
  ]);
});

test('on a terminal the last cell goes on below its own column, and no line is too long', () => {
  expect(columns(ROWS, { width: 80 })).toEqual([
    'pass  shippo             off',
    'warn  shippo-eu-returns  two hundred words would not fit here, a few do, and the\n' +
      '                         rest goes below',
    'fail                     done',
  ]);
});

test('where there is no room beside the other cells it goes below them, and ids are never broken', () => {
  const id = 'evt_0c5f2a9b3d4e01';
  const row = [id, '2026-08-01T14:02:00.000Z', 'shippo-eu-returns', 'transaction_updated', `to ${id}`];
  const head = row.slice(0, -1).join('  ');
  expect(columns([row], { width: 80 })).toEqual([`${head}\n    to ${id}`]);
  expect(columns([['a'.repeat(30), id.repeat(5)]], { width: 80 })).toEqual([
    `${'a'.repeat(30)}  ${id.repeat(5)}`,
  ]);
});

test('rows that come one by one can be given the width of those to come', () => {
  expect(columns([['a', 'b']], { least: [3] })).toEqual(['a    b']);
});

test.each([
  ['0.0.0.0', 'localhost'],
  ['::', 'localhost'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '[::1]'],
  ['fd00::7', '[fd00::7]'],
])('a server that listens at %s is named %s in a URL', (host, named) => {
  expect(hostInUrl(host)).toBe(named);
});

test('a list of events has room for its handlers on 80 columns, and says why one is dead', () => {
  const handlers = [
    {
      handler: 'shippo/erp',
      state: 'dead',
      attempts: 20,
      due: null,
      error: `TypeError: ${'not so '.repeat(50)}\nat`,
    },
    { handler: 'shippo/log', state: 'done', attempts: 1, due: null, error: null },
  ] as const;
  const event = { id: 'evt_0c5f2a9b3d4e01', receivedAt: '2026-11-25T16:40:59.123Z', source: 'shippo' };
  const row = eventCells({
    ...event,
    number: 1,
    type: 'track_updated',
    externalId: null,
    bytes: 7,
    held: null,
    handlers,
  });
  const lines = columns([EVENT_HEADER, row], { width: 80 }).join('\n').split('\n');
  expect(lines[0]).toBe('event               received              source  type           handlers');
  expect(lines[1]).toBe('evt_0c5f2a9b3d4e01  2026-11-25 16:40:59Z  shippo  track_updated');
  expect(lines[2]).toMatch(/^ {4}erp: dead \(TypeError: not so /);
  expect(lines.at(-1)).toMatch(/…\), log: done$/);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test('sentences go on between words, each line under its own beginning, and a pipe gets them as they are', () => {
  const text = `At GitHub:\n  Put the secret into ${'A'.repeat(20)} in .env.\n\n${'B'.repeat(50)} alone`;
  expect(foldLines(text, 30)).toBe(
    `At GitHub:\n  Put the secret into\n  ${'A'.repeat(20)} in\n  .env.\n\n${'B'.repeat(50)}\nalone`,
  );
  expect(foldLines(text, Number.POSITIVE_INFINITY)).toBe(text);
});
