/**
 * Signatures that providers or their SDKs have published, through the app, a socket and an inbox, at the time they were made at
 * and with the keys they were made with. Each row of the file names where it was published; nobody of ours has made one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presets } from 'consignee';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withoutMember } from '../../../src/inbox/cut.ts';
import { PublishedKeys } from '../../../src/verify/form/published.ts';
import { isAsymmetric, placeHeaders, type SignatureForm } from '../../../src/verify/form/vocabulary.ts';
import { provesOf } from '../../../src/verify/form/words.ts';
import type { Preset } from '../../../src/verify/preset.ts';
import { startApp } from '../../harness/app.ts';
import { ROOT } from '../../harness/project.ts';
import { flipBit } from '../verdict.ts';

interface Published {
  readonly provider: string;
  readonly expect: 'valid' | 'invalid';
  readonly keys: readonly string[];
  /** As it is registered. */
  readonly url?: string;
  /** Of the settings that its forms name. */
  readonly values?: Readonly<Record<string, string>>;
  readonly allowSha1?: boolean;
  /** What the provider has at these addresses: its certificates. */
  readonly publishes?: Readonly<Record<string, string>>;
  readonly now?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
  readonly source: string;
}

const FILE = join(ROOT, 'test/fixtures/signatures/published.json');
const VECTORS: readonly Published[] = JSON.parse(readFileSync(FILE, 'utf8'));
const rows = VECTORS.map((vector, at) => {
  const preset = presets[vector.provider] as Preset;
  const isPublic = preset.forms.every(isAsymmetric) || vector.keys.some((key) => key.startsWith('whpk_'));
  const source = {
    preset,
    scheme: isPublic ? ('signature' as const) : ('hmac' as const),
    secrets: vector.keys,
  };
  const published = new PublishedKeys({
    log: { info() {}, warn() {} },
    async fetchText(address) {
      const text = vector.publishes?.[address];
      if (text === undefined) throw new Error(`nothing is at ${address}`);
      return text;
    },
  });
  return { ...vector, name: `s-${at}`, ...source, publicUrl: vector.url, published };
});

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(rows);
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterAll(async () => {
  vi.useRealTimers();
  await app.stop();
});

async function post({ name, url, now, headers }: (typeof rows)[number], body: Buffer): Promise<number> {
  vi.setSystemTime((now ?? 1_700_000_000) * 1_000);
  const query = URL.parse(url ?? '')?.search ?? '';
  const response = await fetch(`${app.url}/webhooks/${name}${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: new Uint8Array(body),
  });
  await response.text();
  return response.status;
}

/** With one bit changed: of the body, or of the signature where nothing of a body is signed. */
function postChanged(row: (typeof rows)[number], body: Buffer): Promise<number> {
  const form = row.preset.forms[0] as SignatureForm;
  if (provesOf(form) !== 'the sender only') return post(row, flipBit(body, Math.floor(body.length / 2) * 8));
  const name = placeHeaders(form.in)[0] as string;
  const signature = flipBit(Buffer.from(row.headers[name] as string), 0).toString();
  return post({ ...row, headers: { ...row.headers, [name]: signature } }, body);
}

test.each(rows)('$provider: a published signature that is $expect ($source)', async (row) => {
  const body = Buffer.from(row.body, 'base64');
  if (row.expect === 'invalid') {
    expect(await post(row, body)).toBe(401);
    expect(app.bodiesOf(row.name)).toEqual([]);
    return;
  }
  expect(await postChanged(row, body)).toBe(401);
  expect(app.bodiesOf(row.name)).toEqual([]);
  expect(await post(row, body)).toBe(200);
  // What is a credential in it is not stored.
  const stored = row.preset.cut === undefined ? body : withoutMember(row.preset.cut, body, true);
  expect(app.bodiesOf(row.name)).toEqual([stored]);
});

test('every preset that says so has a published signature, and no other one has', () => {
  const shown = Object.values(presets).filter(({ shownBy }) => shownBy === 'vector');
  expect(new Set(VECTORS.map(({ provider }) => provider))).toEqual(new Set(shown.map(({ name }) => name)));
});

const twins = Object.values(presets).filter(({ shownBy }) => shownBy?.startsWith('same form as '));

test.each(twins)('$name signs as one does whose signature was published', ({ shownBy = '', forms }) => {
  const other = presets[shownBy.slice('same form as '.length)] as Preset;
  expect(other.shownBy).toBe('vector');
  const kindsOf = (preset: Pick<Preset, 'forms'>) =>
    preset.forms.map(({ algorithm, key = 'text' }) => JSON.stringify([algorithm, key]));
  // BigCommerce's key is the text where that of Standard Webhooks is in base64.
  const mayDiffer = (kind: string) => kind.replace('{"base64After":"whsec_"}', '"text"');
  expect(kindsOf(other).map(mayDiffer)).toContain(mayDiffer(kindsOf({ forms })[0] as string));
});
