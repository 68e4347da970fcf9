/** What is read from a body: id, type, identity, and what of it is stored. */

import { type Preset, presets } from 'consignee';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Content, conflictIdentity, readContent } from '../../src/inbox/identity.ts';
import { shapeOf } from '../../src/inbox/shape.ts';
import { flatfile } from '../../src/verify/presets/flatfile/preset.ts';
import { flexport } from '../../src/verify/presets/flexport/preset.ts';
import { shippo } from '../../src/verify/presets/shippo/preset.ts';

function read(body: Buffer | string, shape: Parameters<typeof readContent>[1] = flexport): Content {
  return readContent('a-source', shape, Buffer.from(body));
}

/** Whether both bodies are the same event. */
function same(one: Buffer | string, other: Buffer | string, shape = flexport): boolean {
  return read(one, shape).identity.equals(read(other, shape).identity);
}

describe('an id', () => {
  test.each([
    ['a number', '{"id":354987}', '354987'],
    ['a number beyond 2^53', '{"id":9007199254740993}', '9007199254740993'],
    ['a number of five hundred digits', `{"id":${'7'.repeat(500)}}`, '7'.repeat(500)],
    ['a number no double holds', '{"id":1e400}', '1e400'],
    ['a negative number', '{"id":-1}', '-1'],
    ['a fraction', '{"id":1.50}', '1.50'],
    ['the last one, if named twice', '{"id":"first","id":"last"}', 'last'],
    [
      'the last one, if named twice, once escaped',
      '{"id":"first","\\u0069d":9007199254740993}',
      '9007199254740993',
    ],
    ['a text', '{"id":"evt_1"}', 'evt_1'],
    ['a text with escapes', '{"id":"\\u0065vt\\u005f\\"1"}', 'evt_"1'],
    ['a text beyond ASCII', '{"id":"ключ🔑"}', 'ключ🔑'],
    ['a text with a zero', '{"id":"a\\u0000b"}', 'a\0b'],
    ['a text of 60 kB', `{"id":"${'x'.repeat(60_000)}"}`, 'x'.repeat(60_000)],
    ['a text that only looks like JSON', '{"id":"{\\"id\\":1}"}', '{"id":1}'],
    ['an escaped name', '{"\\u0069d":"a"}', 'a'],
    ['behind twenty thousand levels', `{"data":${deep(20_000)},"id":1}`, '1'],
    ['behind texts with quotes and braces', '{"a":"\\\\\\"},{\\"id\\":2","b":["}"],"id":1}', '1'],
    ['with white space all around', ' \r\n{ "id" \t: 1 } \n', '1'],
    ['behind a byte order mark', '\uFEFF{"id":"a"}', 'a'],
    ['a number beyond 2^53 behind a byte order mark', '\uFEFF {"id":9007199254740993}', '9007199254740993'],
  ])('is taken by its text: %s', (_title, body, id) => {
    expect(read(body).externalId).toBe(id);
  });

  test.each([
    [['items', '1', 'id'], '{"items":[{"id":1}, {"x":[2,{}],"id":9007199254740993},3]}'],
    [['1', 'id'], ' [ [] , {"id":9007199254740993} ]'],
    [['größe', 'id'], '{"größe":{"id":9007199254740993}}'],
    [['größe', 'id'], '{"gr\\u00f6\\u00dfe":{"id":9007199254740993}}'],
  ])('beyond 2^53 it is found in lists, and behind names beyond ASCII: %j', (path, body) => {
    expect(read(body, { ...flexport, id: [path] }).externalId).toBe('9007199254740993');
  });

  test.each([
    ['none', '{"type":"x"}'],
    ['null', '{"id":null}'],
    ['true', '{"id":true}'],
    ['an empty text', '{"id":""}'],
    ['an object', '{"id":{"id":1}}'],
    ['a list', '{"id":[1]}'],
    ['nested only', '{"data":{"id":1}}'],
    ['in another case', '{"ID":1}'],
    ['inherited', '{"__proto__":{"id":1}}'],
    ['in a list', '[{"id":1}]'],
    ['in a text', '"{\\"id\\":1}"'],
    ['in a body that is not JSON', '{"id":1'],
  ])('is not there, so that the digest counts: %s', (_title, body) => {
    expect(read(body).externalId).toBeNull();
    expect(same(body, body)).toBe(true);
    expect(same(body, `${body} `)).toBe(false);
  });

  test('makes bodies the same event, and nothing else does', () => {
    expect(same('{"id":1,"n":1}', '{"n":2,"id":1}')).toBe(true);
    expect(same('{"id":9007199254740992}', '{"id":9007199254740993}')).toBe(false);
    expect(same('{"id":"a"}', '{"id":"A"}')).toBe(false);
    expect(same('{"id":"é"}', '{"id":"e\\u0301"}')).toBe(false);
    expect(same(`{"id":"${'x'.repeat(60_000)}"}`, `{"id":"${'x'.repeat(60_001)}"}`)).toBe(false);
  });

  test('counts for its source only, and never meets a digest or a conflict of the same text', () => {
    const body = Buffer.from('{"id":"1"}');
    const content = read(body);
    const identities = [
      content.identity,
      readContent('another', flexport, body).identity,
      read(body, shippo).identity,
      conflictIdentity('a-source', content),
      conflictIdentity('another', content),
    ];
    expect(new Set(identities.map((identity) => identity.toString('hex'))).size).toBe(identities.length);
    expect(identities.every((identity) => identity.length === 16)).toBe(true);
  });

  test('is looked for in the order of the paths', () => {
    const idOf = (body: string) => read(body, flatfile).externalId;
    expect(idOf('{"src":{"id":"s"},"id":"i"}')).toBe('i');
    expect(idOf('{"src":{"id":"s"},"id":null}')).toBe('s');
    expect(idOf('{"src":{"id":"s"},"src":{"id":"t"}}')).toBe('t');
    expect(idOf('{"src":{"id":"s","id":"t"}}')).toBe('t');
    expect(idOf('{"src":["id"]}')).toBeNull();
  });
});

describe('a type', () => {
  test.each([
    ['a text', '{"type":"/shipment_leg#arrived"}', '/shipment_leg#arrived'],
    ['an empty text', '{"type":""}', ''],
    ['a number', '{"type":1}', null],
    ['null', '{"type":null}', null],
    ['the last one, if named twice', '{"type":"a","type":"b"}', 'b'],
    ['none', '{}', null],
    ['none, in a list', '[]', null],
  ])('is a text or nothing: %s', (_title, body, type) => {
    expect(read(body).type).toBe(type);
  });
});

describe('a body', () => {
  test.each([
    ['an object', '{}', true],
    ['a text', '"x"', true],
    ['a number', '1e400', true],
    ['null', 'null', true],
    ['a list', '[1,2]', true],
    ['nested 20,000 levels', deep(20_000), true],
    ['half a surrogate, escaped', '{"id":"\\ud800"}', true],
    ['empty', '', false],
    ['white space', ' \n', false],
    ['JSON behind a byte order mark', '\uFEFF{"id":1}', true],
    ['JSON behind two of them', '\uFEFF\uFEFF{"id":1}', false],
    ['a byte order mark alone', '\uFEFF', false],
    ['a byte order mark inside', '{\uFEFF"id":1}', false],
    ['JSON in UTF-16', Buffer.from('{"id":1}', 'utf16le'), false],
    ['bytes that are not UTF-8', Buffer.from([...Buffer.from('{"id":"'), 0xff, 0x22, 0x7d]), false],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), false],
    ['a zero byte behind', '{"id":1}\0', false],
    ['two values', '{"id":1}{"id":2}', false],
    ['a comma too many', '{"id":1,}', false],
    ['no number of JSON', '{"id":NaN}', false],
    ['a form', 'id=1&type=x', false],
  ])('is JSON or not, and kept byte for byte either way: %s', (_title, body, isJson) => {
    const content = read(body);
    expect(content.isJson).toBe(isJson);
    expect(content.stored).toEqual(Buffer.from(body));
    if (!isJson) expect([content.externalId, content.type]).toEqual([null, null]);
  });

  test('whatever its bytes, is read without throwing', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '"id"',
      '"_accessToken"',
      '1',
      ' ',
    );
    const bytes = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.array(pieces, { maxLength: 12 }).map((parts) => Buffer.from(parts.join(''))),
      fc.json().map((text) => Buffer.from(text)),
    );
    const property = fc.property(bytes, (body) => {
      for (const shape of [flexport, shippo]) expect(read(body, shape).stored).toEqual(body);
      expect(read(body, flatfile).stored.length).toBeLessThanOrEqual(body.length);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

describe('the cut', () => {
  const NAME = '_accessToken';
  const gap = fc.constantFrom('', ' ', '\n  ', '\t', '\r\n');
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('a', 'src', '_accessTokens', '__proto__'),
  );
  const spelling = fc.constantFrom(`"${NAME}"`, '"_access\\u0054oken"', '"\\u005faccessToken"');
  const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json));
  const others = fc.uniqueArray(fc.tuple(names, value), { maxLength: 5, selector: ([name]) => name });

  test('leaves an object of the same members without that one, and each of their texts as it was', () => {
    const cases = fc.tuple(others, fc.array(fc.tuple(spelling, value), { maxLength: 3 }), gap, fc.nat());
    const property = fc.property(cases, ([members, cuts, space, place]) => {
      const kept = members.map(([name, json]) => `${JSON.stringify(name)}${space}:${space}${json}`);
      const texts = [...kept];
      for (const [at, [name, json]] of cuts.entries()) {
        texts.splice((place + at * 2) % (texts.length + 1), 0, `${name}${space}:${json}`);
      }
      const body = `${space}{${space}${texts.join(`${space},${space}`)}${space}}${space}`;
      const stored = read(body, flatfile).stored.toString();
      expect(JSON.parse(stored)).toEqual(JSON.parse(`{${kept.join(',')}}`));
      for (const text of kept) expect(stored).toContain(text);
      if (cuts.length === 0) expect(stored).toBe(body);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('touches only the top level of an object', () => {
    for (const body of [`[{"${NAME}":"x"}]`, `{"a":{"${NAME}":"x"}}`, `"${NAME}"`, '{}', 'null']) {
      expect(read(body, flatfile).stored.toString()).toBe(body);
    }
  });

  test('finds the member behind a byte order mark, which stays', () => {
    const content = read(`\uFEFF{"id":"i","${NAME}":{"a":"x"},"n":1}`, flatfile);
    expect([content.isJson, content.externalId]).toEqual([true, 'i']);
    expect(content.stored).toEqual(Buffer.from('\uFEFF{"id":"i","n":1}'));
  });

  test('is for Flatfile: other providers’ bodies stay whole', () => {
    const body = `{"${NAME}":"x","id":1}`;
    expect(read(body, flexport).stored.toString()).toBe(body);
  });

  test.each([
    ['a comma too many', `{"${NAME}":"x","id":1,}`, '{"id":1,}'],
    ['cut off in its middle', `{"id":1,"${NAME}":"x`, '{"id":1,'],
    ['twice', `{"${NAME}" : "x\\"y" , "${NAME}":"z" oops`, '{  oops'],
    ['behind two byte order marks', `\uFEFF\uFEFF{"${NAME}":"x"}`, '\uFEFF\uFEFF{}'],
    ['ten megabytes long', `{"${NAME}":"${'x'.repeat(10_485_760)}"`, '{'],
    ['ten megabytes of escapes long', `{"${NAME}":"${'\\"'.repeat(5_242_880)}"`, '{'],
  ])('finds the member in a body that is not JSON, too: %s', (_title, body, stored) => {
    const content = read(body, flatfile);
    expect([content.isJson, content.stored.toString()]).toEqual([false, stored]);
  });

  test('leaves the identity to the bytes received, and “another body” to what is stored', () => {
    const [one, two] = [`{"${NAME}":"x","n":1}`, `{"${NAME}":"y","n":1}`].map((body) => read(body, flatfile));
    expect(one?.identity.equals(two?.identity as Buffer)).toBe(false);
    expect(one?.digest).toEqual(two?.digest);
  });
});

function deep(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

test('what can be read depends on what the source sends: JSON, or forms as well, and never what is no text', () => {
  const readable = (body: Buffer, bodies?: 'form') =>
    readContent('a-source', { id: [], type: [], ...(bodies && { bodies }) }, body).isReadable;
  const [json, form, noText] = [Buffer.from('{}'), Buffer.from('a=1'), Buffer.from([0xff, 0xfe, 0x61])];
  expect([json, form, noText].map((body) => readable(body))).toEqual([true, false, false]);
  expect([json, form, noText].map((body) => readable(body, 'form'))).toEqual([true, true, false]);
});

test('an id in a header that a form signs is an identity like any; one that nobody signs adds to that of the body', () => {
  const shape = (unsigned?: string[]) => ({
    id: [{ header: 'X-Id' }],
    type: [],
    ...(unsigned && { unsigned }),
  });
  const read = (id: string, body: string, unsigned?: string[]) =>
    readContent('a-source', shape(unsigned), Buffer.from(body), { headers: JSON.stringify({ 'x-id': id }) });
  expect(read('1', '{}')).toMatchObject({ externalId: '1', unsigned: undefined });
  expect(read('1', '{}').identity).toEqual(read('1', '{"a":1}').identity);
  expect(read('1', '{}').identity).not.toEqual(read('2', '{}').identity);
  expect(read('1', '{}', ['x-id'])).toMatchObject({ externalId: '1', unsigned: { externalId: '1' } });
  expect(read('1', '{}', ['x-id']).identity).toEqual(read('2', '{}', ['x-id']).identity);
  expect(read('1', '{}', ['x-id']).identity).not.toEqual(read('1', '{"a":1}', ['x-id']).identity);
});

test('a header is signed if every form of the preset signs it', () => {
  const unsignedOf = (name: string) => shapeOf(presets[name] as Preset).unsigned;
  expect(unsignedOf('svix')).toBeUndefined();
  expect(unsignedOf('github')).toEqual(['x-github-delivery', 'x-github-event']);
  // Its older form signs nothing.
  expect(unsignedOf('gitlab')).toContain('webhook-id');
});
