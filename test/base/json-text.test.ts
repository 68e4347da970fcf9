/** The readers of JSON text: number texts, repeated names, and one spelling for what is the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Exact, NumberText, parseExact, sameExact, spell } from '../../src/base/json-text.ts';

const MEGABYTES_24 = 24 * 1_048_576;
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

test.each([
  ['of letters', 'x'.repeat(MEGABYTES_24)],
  ['of escapes', '\\"'.repeat(MEGABYTES_24 / 2)],
])('one text of 24 MB is read like any other: %s', (_title, text) => {
  const read = parseExact(`{"a":"${text}","b":1.0}`) as Map<string, Exact>;
  expect(read.get('a') === JSON.parse(`"${text}"`)).toBe(true);
  expect(read.get('b')).toEqual(new NumberText('1.0'));
});

test('any JSON is read as JSON.parse reads it, but for numbers', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(plain(parseExact(text))).toEqual(JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test('a name that stands twice is refused', () => {
  for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":1}', '[{"b":{"c":1,"c":2}}]']) {
    expect(() => parseExact(text)).toThrow(SyntaxError);
  }
});

const spelt = (text: string) => spell(parseExact(text));

test.each([
  ['white space', '{"a":[1,{"b":null}]}', ' { "a" : [ 1 ,\n{ "b":null } ] }'],
  ['the order of members', '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}'],
  ['escapes', '{"aé/":"A"}', '{"\\u0061\\u00e9\\/":"\\u0041"}'],
])('what is the same has one spelling, whatever %s', (_title, one, other) => {
  expect(spelt(one)).toBe(spelt(other));
});

test.each([
  ['numbers by their text', '1', '1.0'],
  ['a number and its text', '1', '"1"'],
  ['an item in the list below', '[[1],2]', '[[1,2]]'],
  ['an empty list', '[[]]', '[]'],
  ['an empty list and an empty object', '[]', '{}'],
  ['a text with the signs of JSON', '["a","b"]', '["a\\",\\"b"]'],
  ['a list in another order', '[1,2]', '[2,1]'],
])('what is not the same has another spelling: %s', (_title, one, other) => {
  expect(spelt(one)).not.toBe(spelt(other));
});

test('two values have the same spelling if they are the same, and only then', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 2 }), fc.json({ maxDepth: 2 }), (one, other) => {
      const [left, right] = [parseExact(one), parseExact(other)];
      expect(spell(left) === spell(right)).toBe(sameExact(left, right));
      expect(spelt(JSON.stringify(JSON.parse(one), null, 2))).toBe(spelt(JSON.stringify(JSON.parse(one))));
    }),
    { numRuns: 500 },
  );
});

test('20,000 levels are spelt as two are', () => {
  expect(spelt(DEEP)).toHaveLength(DEEP.length + 19_999);
});

function plain(value: Exact): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]));
}
