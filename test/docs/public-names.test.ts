/** What the package exports says what it is: an editor shows that to whoever writes the name. */
import { expect, test } from 'vitest';
import { publicNames } from '../harness/public-names.ts';

test('every name that users import is explained where it is declared, and each of its members', () => {
  const names = publicNames();
  expect(names.length).toBeGreaterThan(150);
  expect(names.filter(({ isSaid }) => !isSaid).map(({ name }) => name)).toEqual([]);
});
