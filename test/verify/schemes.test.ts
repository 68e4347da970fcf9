/** A scheme is a row: with one more row in the table everything that treats schemes alike knows it, and nothing else changes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { rotate } from '../../src/ops/secret/rotate.ts';
import { showSecrets } from '../../src/ops/secret.ts';
import type { Settings } from '../../src/ops/settings.ts';
import { NOTHING_KNOWN } from '../../src/serve/check/known-secrets.ts';
import { allSlots } from '../../src/serve/check/slots.ts';
import { credentialHeadersOf, proveBody, verifiersOf } from '../../src/verify/checks.ts';
import { fingerprintOf } from '../../src/verify/fingerprint.ts';
import { FollowedNames } from '../../src/verify/followed-names.ts';
import { fixFor, REFUSALS, refusalOf, rejectionReason } from '../../src/verify/refusals.ts';
import { SCHEMES } from '../../src/verify/schemes.ts';
import { Rejection } from '../../src/verify/verifier.ts';
import { ROOT } from '../harness/project.ts';
import { GOOD, reading, settingsOf, sourceOf, textOf } from '../serve/config/reading.ts';
import { NOW, verdict } from './verdict.ts';

vi.mock('../../src/verify/schemes.ts', async (original) => {
  const house = await original<typeof import('../../src/verify/schemes.ts')>();
  const { SEAL } = await import('./seal.ts');
  return { SCHEMES: [...house.SCHEMES, SEAL] };
});

const OTHER = 'another-seal-of-the-tests-0123456789abcdef';
const ENV = { FLINTN_SEAL_SECRET: GOOD, FLINTN_SEAL_SECRET_PREVIOUS: OTHER, FLINTN_VERIFY: 'seal' };
const BODY = Buffer.from('{}');
const names = new FollowedNames({ debug() {}, info() {}, warn() {}, error() {} });
const verifiers = (env: Record<string, string>) => verifiersOf(sourceOf(env, 'flintn'), 300, names);

let settings: Settings;
beforeAll(() => {
  const env = { ...ENV, DATABASE_URL: 'sqlite:no-such-folder/inbox.db' };
  settings = { ...reading(env), environment: env, sources: [], wiring: '' };
});

test('its setting switches it on, in all forms, can be pinned and observed, and is known when misspelt', () => {
  const { problems, warnings } = reading(ENV);
  expect([problems, warnings]).toEqual([[], []]);
  expect(sourceOf(ENV, 'flintn')).toMatchObject({ schemes: ['seal'], secrets: { seal: [GOOD, OTHER] } });
  const observed = {
    ...ENV,
    FLINTN_VERIFY: 'token,seal',
    FLINTN_WEBHOOK_TOKEN: GOOD,
    FLINTN_OBSERVE: 'seal',
  };
  expect(sourceOf(observed, 'flintn').observed).toEqual(['seal']);
  expect(settingsOf(reading({ ...ENV, FLINTN_SEAL_SECRETS: 'x' }).warnings)).toEqual(['FLINTN_SEAL_SECRETS']);
  expect(textOf(reading({ ...ENV, FLINTN_VERIFY: 'hmac' }).problems)).toContain('leaves out seal');
  expect(textOf(reading({ FLINTN_ALLOW_FROM: '203.0.113.9' }).warnings)).toContain('or FLINTN_SEAL_SECRET');
  expect(settingsOf(reading({ FLINTN_SEAL_SECRET: 'changeme' }).problems)).toEqual(['FLINTN_SEAL_SECRET']);
});

test('what `send` adds to a body passes its check, and says which secret proved it', async () => {
  const { headers, query } = await proveBody(sourceOf(ENV, 'flintn'), BODY, NOW);
  expect([headers, query]).toEqual([{ 'X-Seal': GOOD }, {}]);
  const [verify] = verifiers(ENV);
  const head = { receivedAt: NOW, address: undefined, query: '', rawHeaders: ['X-Seal', GOOD] };
  expect(await verify?.(head)).toEqual({ scheme: 'seal', secret: fingerprintOf(GOOD) });
});

test('it is checked with the others, and all must hold', async () => {
  const both = { FLINTN_SEAL_SECRET: GOOD, FLINTN_WEBHOOK_TOKEN: OTHER };
  const all = verifiers(both);
  expect(all).toHaveLength(2);
  const query = `token=${OTHER}`;
  const verdictsOn = (given: string[]) =>
    Promise.all(all.map((verify) => verdict(verify, { query, rawHeaders: given })));
  expect(await verdictsOn(['x-seal', GOOD])).toEqual(['passes', 'passes']);
  expect(await verdictsOn(['x-seal', OTHER])).toEqual(['passes', 'seal_mismatch']);
  expect(await verdictsOn([])).toEqual(['passes', 'seal_missing']);
});

test('its header is kept with what is refused, and its refusals have their answer and their advice', () => {
  expect(credentialHeadersOf(sourceOf(ENV, 'flintn').preset)).toContain('x-seal');
  expect(REFUSALS).toMatchObject({ seal_missing: { status: 401 }, hmac_missing: { status: 401 } });
  expect(refusalOf('seal_mismatch').asks).toBe('was the seal changed?');
  const source = sourceOf(ENV, 'flintn');
  expect(fixFor('seal_mismatch', source)).toBe('Put the seal of flintn into `FLINTN_SEAL_SECRET`.');
  expect(rejectionReason(new Rejection('seal_missing' as never))).toBe('the seal is missing');
});

test('`secret` shows its secrets, leads through changing them, and `check` looks for them', async () => {
  const { config, environment } = settings;
  expect(allSlots(config, environment).map(({ variable }) => variable)).toEqual([
    'FLINTN_SEAL_SECRET',
    'FLINTN_SEAL_SECRET_PREVIOUS',
  ]);
  const shown = showSecrets(config.sources, { settings, known: NOTHING_KNOWN, now: NOW }).join('\n');
  expect(shown).toContain('flintn  seal  FLINTN_SEAL_SECRET');
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  await rotate({ source: 'flintn', waitMs: 0, read: async () => settings, say });
  expect(lines.join('\n')).toMatch(
    /Flintn, seal, now .*1\. Make a new one.*2\. Here, set FLINTN_SEAL_SECRET .*3\. Tell the sender\./s,
  );
});

test('every code of a scheme begins with its name', () => {
  for (const { name, refusals } of SCHEMES) {
    for (const code of Object.keys(refusals)) expect(code).toMatch(new RegExp(`^${name}_`));
  }
});

/** Words that happen to be a scheme's name: fields of the log. */
const OTHER_MEANINGS = ['src/base/log/log.ts', 'src/serve/check/canary.ts'];

test('outside of verify/ no file names a scheme: what is true of one stands in its row', () => {
  const named = new RegExp(`['"\`](${SCHEMES.map(({ name }) => name).join('|')})['"\`]`);
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('verify/'))
    .map((file) => `src/${file}`);
  expect(files.filter((file) => named.test(readFileSync(join(ROOT, file), 'utf8'))).sort()).toEqual(
    OTHER_MEANINGS,
  );
});
