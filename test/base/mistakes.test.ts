/** Lines of an environment file that do not say what they seem to say. */
import { parse } from 'dotenv';
import { expect, test } from 'vitest';
import type { Problem } from '../../src/base/errors.ts';
import { examineEnvFile } from '../../src/base/settings/mistakes.ts';

function examined(text: string): { problems: string[]; warnings: string[] } {
  const found = { problems: [] as Problem[], warnings: [] as Problem[] };
  examineEnvFile('.env', text, found);
  const said = (list: readonly Problem[]) => list.map(({ setting, wrong }) => `${setting} ${wrong}`);
  return { problems: said(found.problems), warnings: said(found.warnings) };
}

test('a file as it should be has nothing to say about', () => {
  const text = `# A comment with 'a quote
export A=1
B = two words # and a comment
C='with # and " in it'
D="over
two lines" # done
E=
F="say \\"so\\""
`;
  expect(examined(text)).toEqual({ problems: [], warnings: [] });
});

test('what # cuts off is told of', () => {
  const text = "A=first\nSHIPPO_WEBHOOK_SECRET=abc#def\r\nB='abc#def'\n";
  expect(parse(text).SHIPPO_WEBHOOK_SECRET).toBe('abc');
  const { problems, warnings } = examined(text);
  expect(problems).toEqual([]);
  expect(warnings).toEqual(['.env, line 2, cuts the value of SHIPPO_WEBHOOK_SECRET off at #']);
});

test.each([
  ['to the end of the file', 'A="abc\nB=def\n'],
  ['over the next setting', 'A="abc\nB="def"\n'],
  ['in single quotes', "A='abc\nB=def\n"],
])('a quote that is not closed keeps the service from starting: %s', (_title, text) => {
  expect(examined(text).problems).toEqual(['.env, line 1, opens a quote for A that is not closed there']);
});

test('a colon, and a line that says nothing, are told of', () => {
  expect(examined('A: abc\n\njust words\n').warnings).toEqual([
    '.env, line 1, has a colon behind A',
    '.env, line 3, says nothing that could be read',
  ]);
});
