/** What is shown of texts that others wrote: their beginning, without what is a credential by its name or its form. */
import { expect, test } from 'vitest';
import { excerptOf, redactText } from '../../src/base/log/redact.ts';

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

const CANARY = 'canary/31415#92653';
test.each([
  [`connect to postgres://consignee:${CANARY}@db:5432/inbox failed`, 'postgres://[redacted]@db:5432/inbox'],
  [`connect to redis://:${CANARY}@cache failed`, 'redis://[redacted]@cache failed'],
  [`no answer from https://user:${CANARY}@x.test/a?b=c`, 'https://[redacted]@x.test/a?[redacted]'],
  ['no answer from postgres://db/inbox?password=canary', 'postgres://db/inbox?[redacted]'],
  [`400: {"id":7,"apiKey":"${CANARY}","says":"no"}`, '"apiKey":"[redacted]","says":"no"}'],
  [`400: {"client_secret" : "can\\"ary${CANARY}", "a": 1}`, '"client_secret" : "[redacted]", "a": 1}'],
  [`{\\"access_token\\":\\"${CANARY}\\",\\"a\\":1}`, '{\\"access_token\\":\\"[redacted]\\",\\"a\\":1}'],
  [`{"a":1,"card":{"number":"${CANARY}"}}`, '{"a":1,"card":"[redacted]"'],
  [`{"cvv":31415,"says":"no"}`, '{"cvv":"[redacted]","says":"no"}'],
  [`{"password":"${CANARY}`, '{"password":"[redacted]"'],
  [`{ apiKey: '${CANARY}', says: "no" }`, '{ apiKey: [redacted], says: "no" }'],
  [`access_token=${CANARY} was refused`, 'access_token=[redacted] was refused'],
  [`X-Api-Key: ${CANARY}`, 'X-Api-Key: [redacted]'],
  [`Cookie: a=1; session=${CANARY}`, 'Cookie: [redacted]'],
  [`Authorization: Digest ${CANARY}`, 'Authorization: [redacted]'],
  ['jwt malformed near eyJhbGciOi.eyJpZCI6.c2ln', 'near [redacted]'],
  ['it was whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'it was [redacted]'],
])('an error text without its credential: %s', (text, left) => {
  const shown = redactText(text);
  expect(shown).toContain(left);
  expect(shown).not.toMatch(/canary|31415|92653/);
});

test('what only looks a little like a credential stays', () => {
  for (const text of [
    'password authentication failed for user "consignee"',
    'a token is missing',
    'the bearer token is not a plain, strictly encoded JWT',
    'Basic authentication failed',
    '{"key":"a1","says":"no"}',
  ])
    expect(redactText(text)).toBe(text);
});
