/** Where the items of a batch stand, in whatever way its JSON is written, and the numbers that are reserved for them. */
import { expect, test } from 'vitest';
import { idInBatch, idOf, itemNumber, nextNumberOfSlot, numberOf } from '../../src/inbox/event-id.ts';
import { cutItem, givenPart, ITEMS_MOST, ITEMS_SPAN, splitItems } from '../../src/inbox/items.ts';

const BATCH = 500_000_000_000_123;
const route = (...path: string[]) => ({
  handler: 'a/b',
  target: 'a/b',
  items: { path, id: [['id']], type: [] },
});

/** In steps of two. */
function textsIn(text: string | Buffer, ...path: string[]): string[] {
  const body = Buffer.from(text);
  const found: string[] = [];
  let at: number | null = 0;
  for (let done = 0; at !== null; ) {
    const step = splitItems(route(...path), BATCH, body, { from: at, done, most: 2 });
    for (const item of step.items) {
      expect(item.event).toBe(itemNumber(BATCH, found.length));
      found.push(cutItem(body, item).toString());
      expect(givenPart(route(...path), item.event, BATCH, body)?.part).toEqual({
        batch: BATCH,
        itemAt: item.itemAt,
        itemLength: item.itemLength,
      });
    }
    done += step.seen;
    at = step.next;
  }
  return found;
}

test.each<[string, string | Buffer, string[], string[]]>([
  ['a body that is a list', '[1,2,3]', [], ['1', '2', '3']],
  ['an empty one', ' [ ] ', [], []],
  ['behind a byte order mark', '\ufeff [ {"a":1} , "x" ]', [], ['{"a":1}', '"x"']],
  [
    'brackets and commas in texts',
    '["],[","\\"],", "\\\\",{"a]":"}"}]',
    [],
    ['"],["', '"\\"],"', '"\\\\"', '{"a]":"}"}'],
  ],
  ['lists in lists', '[[1,[2]],[],{}]', [], ['[1,[2]]', '[]', '{}']],
  [
    'letters of several bytes',
    '{"é":"ü","l":["ä","😀",true , null]}',
    ['l'],
    ['"ä"', '"😀"', 'true', 'null'],
  ],
  ['a list below other members', '{"l":1,"a":{"l":[0],"b":[1.50e3, -0]}}', ['a', 'b'], ['1.50e3', '-0']],
  ['of two members of one name the last', '{"l":[1],"l":[2,3]}', ['l'], ['2', '3']],
  ['names that are written with escapes', '{"\\u006c":[1]}', ['l'], ['1']],
  ['white space everywhere', '\n{ "l" :\t[\r\n 1\n,\t2 ] }\n', ['l'], ['1', '2']],
])('%s', (_what, body, path, expected) => {
  expect(textsIn(body, ...path)).toEqual(expected);
});

test('where there is no list the whole is given, of an empty one nothing, and of a list a split', () => {
  const given = (text: string, ...path: string[]) =>
    givenPart(route(...path), BATCH, BATCH, Buffer.from(text));
  for (const text of ['{"l":{}}', '{}', '"l"', 'no json', '{"a":{"l":[1]}}'])
    expect(given(text, 'l')).toEqual({ state: undefined });
  expect(given('{"l":[]}', 'l')).toBeUndefined();
  expect(given('{"l":[0]}', 'l')).toEqual({ splits: true });
  // Nothing was reserved for it.
  expect(givenPart(route('l'), BATCH, null, Buffer.from('{"l":[0]}'))).toEqual({ state: undefined });
  expect(givenPart(route('l'), itemNumber(BATCH, 1), BATCH, Buffer.from('{"l":[0]}'))).toBeUndefined();
});

test('the numbers of items stay in the slot of their event, and lead back to their places', () => {
  const slotOf = (number: number) => Math.floor((number % 4096) / 64);
  for (const batch of [nextNumberOfSlot(0, 0, Date.now()), nextNumberOfSlot(63, 0, Date.now()), BATCH]) {
    let last = batch;
    for (const place of [0, 1, 62, 63, 64, 65, 4_095, ITEMS_MOST - 1]) {
      const number = itemNumber(batch, place);
      expect(number).toBeGreaterThan(last);
      expect(number - batch).toBeLessThanOrEqual(ITEMS_SPAN);
      expect(slotOf(number)).toBe(slotOf(batch));
      expect(idInBatch(number, batch)).toBe(`${idOf(batch)}-${place}`);
      expect(numberOf(`${idOf(batch)}-${place}`)).toBe(number);
      last = number;
    }
    // What the slot gives out next is the number that follows.
    expect(nextNumberOfSlot(slotOf(batch), itemNumber(batch, 6), 0)).toBe(itemNumber(batch, 7));
  }
  for (const text of [
    'evt_0c5f2a9b3d4e01-',
    'evt_0c5f2a9b3d4e01-01',
    'evt_0c5f2a9b3d4e01-1x',
    'evt_0c5f2a9b3d4e01--1',
  ])
    expect(numberOf(text)).toBeUndefined();
});
