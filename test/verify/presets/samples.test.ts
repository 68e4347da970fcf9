/** The samples of all presets: signed as their provider signs, each is answered 200 by the app and kept as it was sent. */
import { type Preset, presets } from 'consignee';
import { sampleEvent } from 'consignee/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textsAt } from '../../../src/inbox/event-names.ts';
import { stateOf } from '../../../src/inbox/newest.ts';
import { proveBody } from '../../../src/verify/checks.ts';
import { isAsymmetric, type SignatureForm } from '../../../src/verify/form/vocabulary.ts';
import { makeSample, sampleNames } from '../../../src/verify/presets/samples.ts';
import { startApp } from '../../harness/app.ts';

const BYTES = Buffer.alloc(32, 7);

/** A secret that can be the key of a form. */
function secretFor({ key = 'text' }: SignatureForm): string {
  if (typeof key === 'object' && 'base64After' in key) return `${key.base64After}${BYTES.toString('base64')}`;
  return key === 'hex' || key === 'base64' ? BYTES.toString(key) : 'a user:and a password of the test';
}

const all = Object.values(presets).filter(({ sample }) => sample !== undefined);
/** Without those whose private key is the provider’s alone, and those that send a token of their own. */
const signable = all.filter(({ forms: [form] }) => form !== undefined && !isAsymmetric(form));
const sources = signable.map((preset) => ({
  name: preset.name,
  preset,
  scheme: 'hmac' as const,
  secrets: [secretFor(preset.forms[0] as SignatureForm)],
  publicUrl: `https://hooks.example.com/webhooks/${preset.name}`,
}));

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(sources);
});
afterAll(() => app.stop());

test.each(sources)('$name: each sample is accepted, and a second one is a second event', async (source) => {
  const { name, preset, secrets, publicUrl } = source;
  const sent: Buffer[] = [];
  const names = sampleNames(preset);
  for (const sample of [...names, names[0] as string]) {
    const body = makeSample(preset, sample);
    const { headers } = await proveBody({ preset, secrets: { hmac: secrets }, publicUrl }, body, Date.now());
    const response = await fetch(`${app.url}/webhooks/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: new Uint8Array(body),
    });
    const { status = 200, text, json } = preset.answer ?? {};
    const answer = { body: text ?? JSON.stringify(json) ?? expect.stringContaining('accepted'), status };
    expect({ body: await response.text(), status: response.status }).toEqual(answer);
    sent.push(body);
  }
  const kept = app.bodiesOf(name);
  expect(kept).toHaveLength(sent.length);
  // What is a credential is cut out of what is kept.
  if (preset.cut === undefined) expect(kept).toEqual(sent);
});

test('those whose sample `send` can sign are these at least', () => {
  expect(signable.length).toBeGreaterThanOrEqual(60);
  expect(signable.map(({ name }) => name)).toContain('github');
});

test.each(all)('$name has no placeholder left in its sample', (preset) => {
  const text = makeSample(preset, preset.sample as string).toString();
  expect(text).not.toMatch(/"[^"]*\$(uuid|integer|hex|batch|now|tracking)/);
});

const found = all.filter(({ keys }) => keys !== undefined);

test.each(found)('$name finds a search key in its sample, and the state where it tells one', (preset) => {
  const body = makeSample(preset, preset.sample as string);
  const parsed = JSON.parse(body.toString());
  const paths = Object.values(preset.keys ?? {}).flat();
  expect(paths.flatMap((path) => textsAt(parsed, path, body))).not.toEqual([]);
  if (preset.state) expect(stateOf(preset.state, parsed, body)).toBeDefined();
});

test('a sample has a type and an id of its own where the provider says them in headers', () => {
  const inHeaders = all.filter(({ type: [first], sample }) => sample && first && 'header' in first);
  expect(inHeaders.length).toBeGreaterThan(9);
  for (const preset of inHeaders) {
    const event = sampleEvent(preset);
    expect([preset.name, event.type]).toEqual([preset.name, preset.sampleType ?? expect.any(String)]);
  }
  const [one, other] = [sampleEvent(presets.github as Preset), sampleEvent(presets.github as Preset)];
  expect(one).toMatchObject({ type: 'push', externalId: expect.stringMatching(/^[\da-f-]{36}$/) });
  expect(other.externalId).not.toBe(one.externalId);
});
