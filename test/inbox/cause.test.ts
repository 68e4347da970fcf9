/** Which failures are one cause. */
import { expect, test } from 'vitest';
import { CAUSE_FORM, causeOf, patternOf } from '../../src/inbox/cause.ts';

test.each([
  ['Error: order 4711 is unknown', 'Error: order … is unknown'],
  ['Error: no row with id 9f1c2b7e-1111-4222-8333-444455556666', 'Error: no row with id …'],
  [
    "TypeError: Cannot read properties of undefined (reading 'id')",
    'TypeError: Cannot read properties of undefined (reading …)',
  ],
  [
    'SyntaxError: Unexpected token \'<\', "<!DOCTYPE "... is not valid JSON',
    'SyntaxError: Unexpected token …... is not valid JSON',
  ],
  ['Error: connect ECONNREFUSED 127.0.0.1:5432', 'Error: connect ECONNREFUSED …'],
  ['Error: connect ECONNREFUSED ::1:5432', 'Error: connect ECONNREFUSED …'],
  [
    'Unavailable: https://api.test/orders/17?x=1 answered 503',
    'Unavailable: https://api.test/… answered 503',
  ],
  [
    'Unavailable: https://api.test/parcels/1Z999/state answered 503',
    'Unavailable: https://api.test/… answered 503',
  ],
  ['Declined: the order service answered 404', 'Declined: the order service answered 404'],
  ['Error: exit 2', 'Error: exit 2'],
  ['Error: status: 200, size 12', 'Error: status: 200, size …'],
  ['TimeLimit: it took longer than 30000 ms', 'TimeLimit: it took longer than … ms'],
  ['Error: evt_032b6fad44a000 came twice', 'Error: … came twice'],
  ['Error: tracking 1Z999AA10123456784 is not SHIPPO_TRANSIT', 'Error: tracking … is not SHIPPO_TRANSIT'],
  ['Error: mail to jane.doe@example.com bounced', 'Error: mail to … bounced'],
  ["Error: can't find it, isn't there", "Error: can't find it, isn't there"],
  ['Error: a\n  b\t c', 'Error: a b c'],
  ['Error: 1, 2, 3 and 4', 'Error: … and …'],
  ['Error: key abcdefghijklmnopqrstuvwxyzabcdefghij is bad', 'Error: key … is bad'],
  ['', ''],
])('%j is about %j', (error, pattern) => {
  expect(patternOf(error)).toBe(pattern);
});

test('a cause is known by handler, pattern and place', () => {
  const cause = causeOf('shippo/orders', 'Error: order 1 is unknown', 'config/orders.ts:3');
  expect(cause).toMatch(CAUSE_FORM);
  expect(causeOf('shippo/orders', 'Error: order 22 is unknown', 'config/orders.ts:3')).toBe(cause);
  const others = [
    causeOf('shippo/bills', 'Error: order 1 is unknown', 'config/orders.ts:3'),
    causeOf('shippo/orders', 'Error: order 1 is gone', 'config/orders.ts:3'),
    causeOf('shippo/orders', 'Error: order 1 is unknown', 'config/orders.ts:9'),
  ];
  expect(new Set([cause, ...others]).size).toBe(4);
});

test('a pattern is bounded, and found quickly in whatever is thrown', () => {
  for (const text of [
    '"'.repeat(100_000),
    '1'.repeat(100_000),
    'a-'.repeat(50_000),
    `${'x'.repeat(499)}@`,
    '…'.repeat(9_999),
  ])
    expect(patternOf(text).length).toBeLessThanOrEqual(200);
});
