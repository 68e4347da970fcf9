/** Forms are read strictly, and `payload` in JSON is what an event says. */
import { braintree, github, slack, twilio } from 'consignee';
import { expect, test } from 'vitest';
import { dataOfForm, isFormType, likelyTypeOf, readForm } from '../../src/base/form-text.ts';
import { eventFrom } from '../../src/deliver/testing.ts';
import { readContent } from '../../src/inbox/identity.ts';
import { keyValuesOf } from '../../src/inbox/search-keys.ts';
import { shapeOf } from '../../src/inbox/shape.ts';

const FORM = 'application/x-www-form-urlencoded';
const dataOf = (text: string) => dataOfForm(Buffer.from(text))?.data;

test('names and values are decoded, in their order', () => {
  expect(readForm(Buffer.from('a=1&b=x+y%2Bz&a=%C3%A9&c=&d=e=f%3D'))).toEqual([
    ['a', '1'],
    ['b', 'x y+z'],
    ['a', 'é'],
    ['c', ''],
    ['d', 'e=f='],
  ]);
});

test.each([
  ['nothing', ''],
  ['JSON', '{"a":1}'],
  ['a text', 'hello'],
  ['a field without a name', '=1'],
  ['an empty pair', 'a=1&&b=2'],
  ['a pair behind the last', 'a=1&'],
  ['a broken percent', 'a=%4'],
  ['a percent of no digits', 'a=%zz'],
  ['bytes that are no UTF-8', 'a=%ff'],
  ['a raw byte above ASCII', 'a=\u00e9'],
  ['a blank', 'a=1 2'],
  ['a line break', 'a=1\n'],
  ['NUL', 'a=\0'],
  ['more fields than anybody sends', Array.from({ length: 1_001 }, (_, at) => `a${at}=1`).join('&')],
])('%s is no form', (_, text) => {
  expect(readForm(Buffer.from(text, 'latin1'))).toBe(undefined);
});

test('what is not strange to a form is no trouble: prototypes, and a name that repeats', () => {
  const data = dataOf('__proto__=x&constructor=y&a=1&a=2') as Record<string, unknown>;
  expect(Object.entries(data)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['a', ['1', '2']],
  ]);
  expect(({} as { x?: unknown }).x).toBe(undefined);
});

test('the one field `payload` in JSON is the data, and with another beside it a field like others', () => {
  expect(dataOf(`payload=${encodeURIComponent('{"type":"x","list":[1]}')}`)).toEqual({
    type: 'x',
    list: [1],
  });
  expect(dataOf('payload=hello')).toEqual({ payload: 'hello' });
  expect(dataOf('payload=%7B%7D&payload=%5B%5D')).toEqual({ payload: ['{}', '[]'] });
  expect(dataOf('payload=%7B%7D&other=1')).toEqual({ payload: '{}', other: '1' });
});

test('the id and type of a form are those of its payload, exact beyond 2^53; its bytes stay as they came', () => {
  const payload = '{"event_id":12345678901234567890,"event":{"type":"message"}}';
  const body = Buffer.from(`payload=${encodeURIComponent(payload)}`);
  const content = readContent('slack', shapeOf(slack), body);
  expect(content).toMatchObject({
    externalId: '12345678901234567890',
    type: 'message',
    isJson: false,
    isReadable: true,
  });
  expect(content.stored).toBe(body);
});

test('the id of a form may be a field, but not one that is there twice', () => {
  const shape = { id: [['MessageSid']], type: [], bodies: 'form' } as const;
  const idOf = (text: string) => readContent('twilio', shape, Buffer.from(text)).externalId;
  expect(idOf('MessageSid=SM1&Body=hi')).toBe('SM1');
  expect(idOf('MessageSid=SM1&MessageSid=SM2')).toBe(null);
  expect(readContent('x', { id: [['a']], type: [] }, Buffer.from('a=1'))).toMatchObject({
    externalId: null,
    isReadable: false,
  });
});

test('handlers get the data of a form, by its content type', () => {
  const body = `payload=${encodeURIComponent('{"zen":"x","hook_id":1}')}`;
  expect(eventFrom(github, body).data).toEqual({ zen: 'x', hook_id: 1 });
  expect(eventFrom(github, body).body.toString()).toBe(body);
  expect(eventFrom(twilio, 'From=%2B1555&Body=hi').data).toEqual({ From: '+1555', Body: 'hi' });
  expect(eventFrom(braintree, 'a=1', { headers: { 'content-type': 'text/plain' } }).data).toBe(undefined);
  expect(eventFrom(github, '{"zen":"y"}', { headers: { 'content-type': FORM } }).data).toEqual({ zen: 'y' });
  expect(eventFrom(twilio, 'a=%ff', { headers: { 'content-type': FORM } }).data).toBe(undefined);
});

test('what people look for is found in forms too', () => {
  const keys = { number: [['tracking_number']] };
  const body = `payload=${encodeURIComponent('{"tracking_number":"1Z999"}')}`;
  expect(keyValuesOf(keys, Buffer.from(body)).get('number')).toEqual(['1Z999']);
  expect(keyValuesOf(keys, Buffer.from('tracking_number=1Z999')).get('number')).toEqual(['1Z999']);
});

test('content types', () => {
  expect([FORM, `${FORM}; charset=utf-8`, FORM.toUpperCase()].map(isFormType)).toEqual([true, true, true]);
  expect([undefined, '', `${FORM}x`, 'application/json'].map(isFormType)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(['a=b', '{"a":"b=c"}', '[1]', 'x'].map((text) => likelyTypeOf(Buffer.from(text)))).toEqual([
    FORM,
    ...Array.from({ length: 3 }, () => 'application/json'),
  ]);
});
