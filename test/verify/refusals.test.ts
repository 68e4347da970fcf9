/** docs/refusals.md says what the table says, row by row, and has no other rows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { custom, flatfile } from '../../src/consignee.ts';
import { fixFor, REFUSALS, refusalOf } from '../../src/verify/refusals.ts';
import { ROOT } from '../harness/project.ts';

const page = readFileSync(join(ROOT, 'docs/refusals.md'), 'utf8');

test('every refusal is documented in the words of its row, and nothing else is', () => {
  const rows = Object.entries(REFUSALS).map(([code, { status, says, asks, fix }]) => {
    const question = `${asks.charAt(0).toUpperCase()}${asks.slice(1)}`;
    return `| \`${code}\` | ${status} | ${says} | ${question} ${fix} |`;
  });
  expect(page.match(/^\| `.*$/gm)?.sort()).toEqual(rows.sort());
});

test('the words read as sentences: a question, and a fix that ends', () => {
  for (const [code, { says, asks, fix }] of Object.entries(REFUSALS)) {
    expect(says, code).toMatch(/^[^A-Z].*[^.?]$/);
    expect(asks, code).toMatch(/^[a-z].*\?$/);
    expect(fix, code).toMatch(/^[A-Z`].*[.?]$/);
  }
});

test('a code that another version has stored is shown as it is', () => {
  for (const code of ['gone_missing', 'constructor', '__proto__']) expect(refusalOf(code).says).toBe(code);
});

test('what is said about a JWT is true of every preset, and the fix names the header and the setting of this one', () => {
  const rows = Object.entries(REFUSALS).filter(([code]) => code.startsWith('jwt_'));
  expect(JSON.stringify(rows)).not.toMatch(/Authorization|bearer|HS256|_JWT_SECRET/i);
  const jwt = {
    header: 'X-LB-Token',
    algorithm: 'ES256',
    binds: { digest: 'sha', encoding: 'hex' },
  } as const;
  const own = { name: 'lbjwt', prefix: 'LBJWT', preset: custom({ name: 'lbjwt', jwt }) };
  const known = { name: 'flatfile', prefix: 'FLATFILE', preset: flatfile };
  for (const code of ['jwt_missing', 'jwt_malformed', 'jwt_algorithm']) {
    expect(fixFor(code, own), code).toContain('`X-LB-Token: <JWT, ES256>`');
    expect(fixFor(code, known), code).toContain('`Authorization: Bearer <JWT, HS256>`');
  }
  expect(fixFor('jwt_mismatch', own)).toMatch(/`LBJWT_WEBHOOK_SECRET` .*`LBJWT_WEBHOOK_SECRET_PREVIOUS`/);
  expect(fixFor('jwt_mismatch', known)).toMatch(/`FLATFILE_JWT_SECRET` .*`FLATFILE_JWT_SECRET_PREVIOUS`/);
  for (const [code] of rows) expect(fixFor(code, own), code).not.toMatch(/<(token|setting|source)>|…_/);
});
