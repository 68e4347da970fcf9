/** The settings of handshakes: the secrets that they compare and compute with, and `handshake` in `…_VERIFY`. */
import { custom, log, presets } from 'consignee';
import { expect, test } from 'vitest';
import { GOOD, reading, textOf } from './reading.ts';

const sources = ['asana', 'braintree', 'meta', 'stripe'].map((name) => ({
  preset: presets[name],
  handlers: { log },
}));
const read = (environment: Record<string, string>) => {
  const { config, problems, warnings } = reading(environment, { sources });
  const sourceOf = (name: string) => config.sources.find((one) => one.name === name);
  return { sourceOf, problems: textOf(problems), warnings: textOf(warnings) };
};

test('a source waits for a secret that its preset’s handshake brings, and is off without the word', () => {
  expect(read({}).sourceOf('asana')?.schemes).toEqual([]);
  const { sourceOf, problems } = read({ ASANA_VERIFY: 'handshake' });
  expect(problems).toBe('');
  expect(sourceOf('asana')).toMatchObject({ schemes: ['hmac'], secrets: { hmac: [] }, takesSecrets: true });
  const both = read({ ASANA_VERIFY: 'token,handshake', ASANA_WEBHOOK_TOKEN: GOOD });
  expect(both.problems).toBe('');
  expect(both.sourceOf('asana')?.schemes).toEqual(['token', 'hmac']);
});

test('with the secret set the word has more secrets taken, and pins the rest as ever', () => {
  const set = { ASANA_WEBHOOK_SECRET: GOOD };
  for (const pinned of ['handshake', 'hmac,handshake']) {
    const { sourceOf, problems } = read({ ...set, ASANA_VERIFY: pinned });
    expect(problems).toBe('');
    expect(sourceOf('asana')).toMatchObject({
      schemes: ['hmac'],
      secrets: { hmac: [GOOD] },
      takesSecrets: true,
    });
  }
  expect(read({ ...set, ASANA_VERIFY: 'hmac' }).sourceOf('asana')?.takesSecrets).toBe(false);
  expect(read({ ASANA_WEBHOOK_TOKEN: GOOD, ASANA_VERIFY: 'handshake' }).problems).toContain(
    'leaves out token',
  );
  expect(read({ ASANA_VERIFY: 'handshake,jwt' }).problems).toContain('asks for jwt');
});

test('a pin that is empty is refused with what to do about it', () => {
  const { problems } = read({ ASANA_WEBHOOK_SECRET: GOOD, ASANA_VERIFY: '' });
  expect(problems).toContain('ASANA_VERIFY is empty, which pins nothing');
  expect(problems).toContain('Remove the line');
});

test('where no handshake brings a secret the word is no scheme', () => {
  expect(read({ STRIPE_VERIFY: 'handshake' }).problems).toContain('STRIPE_VERIFY has an unknown scheme');
  expect(read({ META_VERIFY: 'handshake' }).problems).toContain('META_VERIFY has an unknown scheme');
});

test('what a handshake needs is read like any secret, and said if it is missing', () => {
  const on = { META_WEBHOOK_SECRET: GOOD, BRAINTREE_WEBHOOK_SECRET: GOOD };
  const missing = read(on);
  expect(missing.problems).toBe('');
  expect(missing.warnings).toContain('META_VERIFY_TOKEN is not set');
  expect(missing.warnings).toContain('BRAINTREE_PUBLIC_KEY is not set');
  const { sourceOf, warnings } = read({
    ...on,
    META_VERIFY_TOKEN: GOOD,
    BRAINTREE_PUBLIC_KEY: 'jkq28pcxj4r85dwr',
  });
  expect(warnings).toBe('');
  expect(sourceOf('meta')?.handshakeTexts).toEqual({ verifyToken: [GOOD] });
  expect(sourceOf('braintree')?.handshakeTexts).toEqual({ publicKey: ['jkq28pcxj4r85dwr'] });
  expect(read({ ...on, META_VERIFY_TOKEN: 'changeme' }).problems).toContain(
    'META_VERIFY_TOKEN is a placeholder',
  );
  expect(read({}).warnings).toBe('');
});

test('the registered URL is a setting of a handshake like others, and may be that of all sources', () => {
  const of = '{query:a}{secret:key}{setting:publicUrl}';
  const preset = custom({
    name: 'acme',
    forms: [],
    handshakes: [
      {
        when: { method: 'GET', 'query:a': /^\w$/ },
        made: { algorithm: 'digest-sha256', encoding: 'hex', of },
        answer: { text: '{made}' },
      },
    ],
  });
  const readWith = (more: Record<string, string>) =>
    reading(
      { ACME_WEBHOOK_TOKEN: GOOD, ACME_KEY: GOOD, ...more },
      { sources: [{ preset, handlers: { log } }] },
    );
  expect(textOf(readWith({}).warnings)).toContain('ACME_PUBLIC_URL is not set');
  const { config, warnings } = readWith({ PUBLIC_URL: 'https://hooks.example.com' });
  expect(textOf(warnings)).not.toContain('ACME_PUBLIC_URL');
  expect(config.sources[0]?.handshakeTexts).toEqual({
    key: [GOOD],
    publicUrl: ['https://hooks.example.com/webhooks/acme'],
  });
});

test('a handshake that is wrong is a problem in the list', () => {
  const preset = custom({
    name: 'acme',
    forms: [],
    handshakes: [{ when: { method: 'GET', 'query:a': /^\w$/ }, answer: { text: '{qurey:a}' } }],
  });
  const { problems } = reading({}, { sources: [{ preset, handlers: { log } }] });
  expect(textOf(problems)).toContain('has {qurey:a}, whose form `when` does not say');
});
