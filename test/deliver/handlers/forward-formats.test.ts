/** The three formats by themselves, with what senders might come up with. */
import { validateHeaderValue } from 'node:http';
import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FORMATS, headerText, type Message } from '../../../src/deliver/handlers/forward/message.ts';
import { eventFrom } from '../../../src/deliver/testing.ts';
import { flexport } from '../../../src/verify/presets/flexport/preset.ts';

const { plain, 'cloudevents-binary': binary, 'cloudevents-structured': structured } = FORMATS;

function eventOf(body: string | Buffer, contentType?: string) {
  return eventFrom(flexport, body, {
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });
}

function read({ headers, body }: Message): CloudEvent<unknown> {
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const event = HTTP.toEvent<unknown>({ headers: lower, body: body.toString() });
  if (!(event instanceof CloudEvent)) throw new Error('not one event');
  return event;
}

describe('structured, what is not JSON goes as data_base64:', () => {
  test.each<[string, Buffer, string | undefined]>([
    ['no JSON', Buffer.from('<xml/>'), undefined],
    ['nothing', Buffer.alloc(0), 'application/json'],
    ['bytes that are no text', Buffer.from([0x22, 0xff, 0x22]), 'application/json'],
    ['a byte order mark alone', Buffer.from('\uFEFF'), 'application/json'],
    ['two values', Buffer.from('{"a":1},"type":"another"'), 'application/json'],
    ['an object cut off', Buffer.from('{"a":1'), 'application/json'],
    ['JSON called text', Buffer.from('{"a":1}'), 'text/plain'],
    ['JSON called a form', Buffer.from('{"a":1}'), 'application/x-www-form-urlencoded'],
    ['JSON lines', Buffer.from('{"a":1}'), 'application/jsonl'],
  ])('%s', (_what, body, contentType) => {
    const content = structured(eventOf(body, contentType));
    const envelope = JSON.parse(content.body.toString()) as Record<string, string>;
    expect(Buffer.from(envelope.data_base64 as string, 'base64')).toEqual(body);
    expect(envelope).not.toHaveProperty('data');
    expect(envelope).toMatchObject({ type: 'unknown', datacontenttype: contentType ?? 'application/json' });
  });

  test('as the package reads it', () => {
    const { data } = read(structured(eventOf('ünlike JSON', 'text/plain')));
    expect(Buffer.from(data as Uint32Array).toString()).toBe('ünlike JSON');
  });
});

test.each([
  'application/json',
  'Application/JSON; charset=utf-8',
  'text/json',
  'application/vnd.flexport.v2+json',
  'application/problem+json ; a=b',
])('structured, %s goes as it stands', (contentType) => {
  const text = '{"id":9007199254740993,"id":1.10,\t"__proto__":{"a":"\\u00e9"}}';
  const { body } = structured(eventOf(text, contentType));
  expect(body.toString()).toContain(`,"data":${text}}`);
  expect(JSON.parse(body.toString())).toMatchObject({ datacontenttype: contentType });
});

test('structured, a byte order mark before JSON is left out, since it is no part of it', () => {
  const { body } = structured(eventOf('\uFEFF {"id":1}', 'application/json'));
  expect(body.toString()).toContain(',"data": {"id":1}}');
});

test.each([
  ['text/plain; charset=latin1', 'text/plain; charset=latin1'],
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['   ', 'application/json'],
  ['text/plain; name="ü"', 'application/json'],
  ['a\r\nX-Injected: 1', 'application/json'],
  [`text/plain; a=${'x'.repeat(1_000)}`, 'application/json'],
])('the content type %j goes on as %s', (given, sent) => {
  for (const format of [plain, binary])
    expect(format(eventOf('{}', given)).headers['Content-Type']).toBe(sent);
});

test('what calls itself a CloudEvent is not taken for the one around it', () => {
  const inner = '{"specversion":"1.0","id":"evil","source":"/evil","type":"evil"}';
  for (const contentType of ['application/cloudevents+json', 'Application/CloudEvents-batch+json']) {
    expect(read(binary(eventOf(inner, contentType)))).toMatchObject({
      source: '/webhooks/flexport',
      type: 'evil',
    });
    expect(read(structured(eventOf(inner, contentType)))).toMatchObject({ source: '/webhooks/flexport' });
    expect(plain(eventOf(inner, contentType)).headers['Content-Type']).toBe(contentType);
  }
});

test('whatever the type is, headers can carry it, and it can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (type) => {
      const event = eventOf(JSON.stringify({ type }));
      for (const [name, value] of Object.entries(binary(event).headers)) validateHeaderValue(name, value);
      expect(decodeURIComponent(headerText(type))).toBe(type.toWellFormed());
      expect(headerText(type)).toMatch(/^[!-~]*$/);
      for (const format of [binary, structured]) expect(read(format(event)).validate()).toBe(true);
    }),
    // The library compiles its schema for each event.
    { numRuns: 30 },
  );
});

test('whatever the JSON is, it is the data', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const { body } = structured(eventOf(text));
      expect(JSON.parse(body.toString()).data).toEqual(JSON.parse(text));
      expect(body.toString()).toContain(`"data":${text}}`);
    }),
  );
});
