/** Bodies as pages show them: made of the bytes, cut, and never obeyed. */
import { expect, test } from 'vitest';
import { bodyText } from '../../../src/serve/console/body-text.ts';
import { html } from '../../../src/serve/console/html.ts';

const shown = (body: string | Buffer, form: 'pretty' | 'raw' | 'hex' = 'pretty') =>
  bodyText(Buffer.from(body), Buffer.byteLength(body), form);

test('what is indented has the same numbers, names and texts, each as it was written', () => {
  const { text, form } = shown('{"a":12345678901234567890,"b":[1.50,{"c":"x,{}:\\"y"},[]],"b":{},"d":1E400}');
  expect(form).toBe('pretty');
  expect(text).toBe(
    '{\n  "a": 12345678901234567890,\n  "b": [\n    1.50,\n    {\n      "c": "x,{}:\\"y"\n    },\n    []\n  ],\n  "b": {},\n  "d": 1E400\n}',
  );
});

test('a byte order mark is no part of JSON, and what is no JSON is shown as it came', () => {
  expect(shown('\uFEFF{"a":1}')).toMatchObject({ form: 'pretty', text: '{\n  "a": 1\n}' });
  expect(shown('a=1&b=2')).toMatchObject({ form: 'raw', text: 'a=1&b=2' });
  expect(shown('{"a":', 'pretty').form).toBe('raw');
});

test('one line of megabytes, and nesting without end, are cut in no time', () => {
  const line = shown(`{"a":"${'x'.repeat(25_000_000)}"}`);
  expect([line.isCut, line.text.length < 70_000]).toEqual([true, true]);
  const deep = shown('['.repeat(1_000_000));
  expect([deep.isCut, deep.text.length < 300_000]).toEqual([true, true]);
});

test('control characters are shown by their signs, and bytes as digits', () => {
  expect(shown('a\0b\r\n\u001bc\u007f', 'raw').text).toBe('a␀b␍\n␛c␡');
  expect(shown('{"\u00e9\n', 'hex').text).toBe(`00000000  7b 22 c3 a9 0a ${' '.repeat(33)} {"...`);
  expect(shown(Buffer.alloc(10_000), 'hex')).toMatchObject({ isCut: true });
});

test('a template escapes whatever stands in it, and shows what would be obeyed', () => {
  const hostile = `"><script>alert('1')</script>&\u202e\0`;
  const { text } =
    html`<p title="${hostile}">${hostile}${[hostile, null, false, undefined, 0]}${html`<b>${1n}</b>`}</p>`;
  const safe = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\uFFFD\uFFFD';
  expect(text).toBe(`<p title="${safe}">${safe}${safe}0<b>1</b></p>`);
});
