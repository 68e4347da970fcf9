/** Hints name commands so that they are found where they are typed. */
import { expect, test } from 'vitest';
import { typed } from '../../src/base/typed.ts';

const FIX = 'Bring it back: `consignee resume shippo/orders` tries it, and consignee goes on by itself.';
const IN_PROJECT = '/srv/hooks/node_modules/.bin/consignee';

test('a command that was started from a project is found by npx', () => {
  expect(typed('consignee events list', IN_PROJECT)).toBe('npx consignee events list');
  expect(typed(FIX, IN_PROJECT)).toBe(FIX.replace('`consignee', '`npx consignee'));
  expect(typed('`npx consignee add`', IN_PROJECT)).toBe('`npx consignee add`');
});

test.each(['/usr/local/bin/consignee', '/app/bin/consignee.js', '/srv/hooks/node_modules/.bin/vitest', ''])(
  'started as %j it is on the path',
  (path) => {
    expect(typed(FIX, path)).toBe(FIX);
  },
);
