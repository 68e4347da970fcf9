/** Rules and the nearest name: what a message shows of a value, and what it never shows. */
import { expect, test } from 'vitest';
import {
  choiceOf,
  flaw,
  integer,
  listOfTexts,
  members,
  nearestTo,
  text,
  withDefault,
} from '../../src/base/settings/rules.ts';

const RULES = members({
  size: withDefault(integer(1, 9), 5),
  colour: choiceOf(['red', 'green']),
  words: listOfTexts((word) => word !== '', 'Write words.'),
  key: text((key) => key.startsWith('k'), 'Write a key.', { wrong: 'is no key', isRequired: true }),
});

const wrongIn = (given: unknown) =>
  RULES(given).flaws.map(({ path, wrong, fix }) => `${path.join('.')} ${wrong}. ${fix}`);

test('sound values are read, and what is not written has its default or none', () => {
  expect(RULES({ key: 'k1' })).toEqual({
    value: { size: 5, colour: undefined, words: undefined, key: 'k1' },
    flaws: [],
  });
});

test('a value with a flaw is replaced by what holds without it, and every flaw is told', () => {
  const { value, flaws } = RULES({ size: 10, colour: 'rot', words: [], key: 'secret', sise: 1 });
  expect(value).toEqual({ size: 5, colour: undefined, words: undefined, key: undefined });
  expect(flaws).toEqual([
    flaw('is 10', 'Use a whole number from 1 to 9.', 'size'),
    flaw('is "rot"', 'Did you mean red? Use red, green.', 'colour'),
    flaw('is []', 'Write words.', 'words'),
    flaw('is no key', 'Write a key.', 'key'),
    flaw('is not known', 'Did you mean size? The names are size, colour, words, key.', 'sise'),
  ]);
});

test.each([
  [`is "${'x'.repeat(59)}…`, 'x'.repeat(100)],
  ['is ["a","b"]', ['a', 'b']],
  ['is a list', [1, 'b']],
  ['is an object', { password: 'hidden' }],
  ['is a function', () => 'hidden'],
  ['is a symbol', Symbol('hidden')],
  ['is null', null],
  ['is -0.5', -0.5],
  ['is 7', 7n],
  ['is true', true],
])('a value is shown shortly, and of objects nothing: it %s', (said, size) => {
  expect(wrongIn({ size, key: 'k' })).toEqual([`size ${said}. Use a whole number from 1 to 9.`]);
});

test('a secret is not shown, whatever it is', () => {
  for (const key of ['hidden', ['hidden'], { hidden: 'hidden' }]) {
    expect(JSON.stringify(wrongIn({ key }))).not.toContain('hidden');
  }
});

test('names that every object has are not known', () => {
  expect(wrongIn(JSON.parse('{"key":"k","__proto__":1,"constructor":1}'))).toEqual([
    expect.stringMatching(/^__proto__ is not known\. The names /),
    expect.stringMatching(/^constructor is not known\. The names /),
  ]);
});

test.each([
  ['backof', 'backoff'],
  ['bakcoff', 'backoff'],
  ['BACKOFF', 'backoff'],
  ['inboxDeadline', 'inboxDeadlineMs'],
  ['cap', 'capMs'],
  ['x', undefined],
  ['', undefined],
  ['entirely', undefined],
])('the name nearest to %j is %s', (given, near) => {
  expect(nearestTo(given, ['baseMs', 'capMs', 'backoff', 'inboxDeadlineMs'])).toBe(near);
});
