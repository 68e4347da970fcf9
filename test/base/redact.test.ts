/** What is shown of a sender's JSON: its beginning, without what its names say are credentials. */
import { expect, test } from 'vitest';
import { excerptOf } from '../../src/base/log/redact.ts';

test.each([
  ['nothing to hide', '{"a":1,"b":["x",null]}', '{"a":1,"b":["x",null]}'],
  ['a credential', '{"token":"abc def","a":1}', '{"token":"[redacted]","a":1}'],
  ['a credential that is an object', '{"card":{"n":[1,{"x":2}]},"a":1}', '{"card":"[redacted]","a":1}'],
  ['a credential that is cut off', '{"a":1,"token":"abc def gh', '{"a":1,"token":"[redacted]"…'],
  ['a text that is cut off', '{"a":"one two', '{"a":…'],
])('%s', (_title, json, shown) => {
  expect(excerptOf(json, 200)).toBe(shown);
});

const MEGABYTES_24 = 24 * 1_048_576;

test.each([
  ['one text', 'x'.repeat(MEGABYTES_24)],
  ['one text of escapes', '\\"'.repeat(MEGABYTES_24 / 2)],
])('%s of 24 MB is cut like any other', (_title, text) => {
  const shown = excerptOf(`{"a":"${text}","token":"abc"}`, 500);
  expect(shown).toMatch(/^\{"a":"[x\\"]{199}…,"token":"\[redacted\]"\}$/);
  expect(excerptOf(`{"a":"${text}`, 500)).toBe('{"a":…');
});
