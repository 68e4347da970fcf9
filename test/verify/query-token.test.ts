import { expect, test } from 'vitest';
import { queryToken } from '../../src/verify/query-token.ts';
import { verdict } from './verdict.ts';

const TOKEN = 'b7Qx-long+enough/and~odd=sign';
const RETIRED = 'the-one-being-retired';
const ENCODED = encodeURIComponent(TOKEN);
const verify = queryToken([TOKEN, RETIRED]);

test.each([
  ['as it is', `token=${TOKEN}`],
  ['percent-encoded', `token=${ENCODED}`],
  ['every byte percent-encoded', `token=${percent(TOKEN)}`],
  ['the name percent-encoded', `t%6Fken=${ENCODED}`],
  ['the retired one', `token=${RETIRED}`],
  ['among other parameters', `a=1&token=${ENCODED}&b=2`],
  ['behind another with the token’s name in its value', `a=token=x&token=${ENCODED}`],
  ['beside a value that cannot be decoded', `a=%zz&token=${ENCODED}`],
  ['beside empty pairs', `&&token=${ENCODED}&`],
  ['behind two thousand parameters', `${'a=1&'.repeat(2_000)}token=${ENCODED}`],
])('a live token passes: %s', async (_title, query) => {
  expect(await verdict(verify, { query })).toBe('passes');
});

test.each([
  ['no query', ''],
  ['other parameters', 'a=1&b=2'],
  ['brackets', `token[]=${ENCODED}`],
  ['a member', `token[a]=${ENCODED}`],
  ['another case', `TOKEN=${ENCODED}`],
  ['a longer name', `tokens=${ENCODED}`],
  ['a space before the name', `%20token=${ENCODED}`],
  ['a zero byte behind the name', `token%00=${ENCODED}`],
  ['a question mark too many', `?token=${ENCODED}`],
  ['a semicolon as separator', `a=1;token=${ENCODED}`],
  ['an encoded separator', `a=1%26token=${ENCODED}`],
  ['an encoded equals sign', `token%3D${ENCODED}`],
  ['a name encoded twice', `t%256Fken=${ENCODED}`],
])('a token under any other name is missing: %s', async (_title, query) => {
  expect(await verdict(verify, { query })).toBe('token_missing');
});

test.each([
  ['good twice', `token=${ENCODED}&token=${ENCODED}`],
  ['good, then bad', `token=${ENCODED}&token=x`],
  ['bad, then good', `token=x&token=${ENCODED}`],
  ['two live ones', `token=${ENCODED}&token=${RETIRED}`],
  ['good, then nameless', `token=${ENCODED}&token`],
  ['the second one’s name encoded', `token=${ENCODED}&%74oken=${ENCODED}`],
])('a token that is there twice is refused: %s', async (_title, query) => {
  expect(await verdict(verify, { query })).toBe('token_repeated');
});

test.each([
  ['a percent sign alone', 'token=%'],
  ['no hex digits', 'token=%zz'],
  ['cut off', `token=${ENCODED}%4`],
  ['not UTF-8', 'token=%ff'],
  ['an overlong slash', 'token=%c0%af'],
  ['a lone surrogate', 'token=%ed%a0%80'],
  ['in a name', `%zz=1&token=${ENCODED}`],
])('what cannot be decoded is malformed: %s', async (_title, query) => {
  expect(await verdict(verify, { query })).toBe('token_malformed');
});

test.each([
  ['no value', 'token'],
  ['an empty value', 'token='],
  ['without the last character', `token=${percent(TOKEN.slice(0, -1))}`],
  ['with one more', `token=${ENCODED}x`],
  ['another case', `token=${encodeURIComponent(TOKEN.toUpperCase())}`],
  ['encoded twice', `token=${encodeURIComponent(ENCODED)}`],
  ['a space for the plus', `token=${encodeURIComponent(TOKEN.replace('+', ' '))}`],
  ['a space before', `token=%20${ENCODED}`],
  ['a line break behind', `token=${ENCODED}%0A`],
  ['a zero byte behind', `token=${ENCODED}%00`],
  ['both, joined by a comma', `token=${ENCODED},${RETIRED}`],
  ['a thousand times', `token=${ENCODED.repeat(1_000)}`],
  ['a lookalike letter', `token=${encodeURIComponent(TOKEN.replace('o', '\u043e'))}`],
])('another value does not match: %s', async (_title, query) => {
  expect(await verdict(verify, { query })).toBe('token_mismatch');
});

function percent(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}
