/** The vocabulary of signatures: what each word does, by signatures that openssl or node:crypto makes here without our signer. */
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { presets } from 'consignee';
import { expect, test } from 'vitest';
import { judgedHeadersOf } from '../../src/verify/checks.ts';
import { formFlaws, formsFlaws } from '../../src/verify/form/flaws.ts';
import { signForm } from '../../src/verify/form/signed.ts';
import { type FormSettings, verifyForms } from '../../src/verify/form/verifier.ts';
import { isAsymmetric, type SignatureForm } from '../../src/verify/form/vocabulary.ts';
import { provesOf, sayForm } from '../../src/verify/form/words.ts';
import { HMAC } from '../../src/verify/hmac.ts';
import type { Preset } from '../../src/verify/preset.ts';
import { NOW, NOW_SECONDS, verdict } from './verdict.ts';

const SECRET = 'a-secret-of-the-forms-tests-0123456789';
const BODY = '{"id":1,"amount":1.50,"nested":{"list":[{"n":"x"}]},"flag":true}';
const base = {
  in: { header: 'X-Sig' },
  encoding: 'hex',
  algorithm: 'hmac-sha256',
  signed: '{body}',
} as const;

const ask = (
  forms: readonly SignatureForm[],
  rawHeaders: readonly string[],
  {
    body = BODY,
    query = '',
    ...settings
  }: Partial<FormSettings> & { body?: string | Buffer; query?: string } = {},
) => {
  const scheme = forms.every(isAsymmetric) ? 'signature' : 'hmac';
  const all = { secrets: [SECRET], allowSha1: false, toleranceSeconds: 300, ...settings };
  return verdict(verifyForms(scheme, forms, all), { rawHeaders, query }, body);
};
const hex = (text: string, key: string | Buffer = SECRET, hash = 'sha256') =>
  createHmac(hash, key).update(text).digest('hex');

test.each([
  ['a literal and the body', 'v0:{body}', `v0:${BODY}`],
  ['the method', '{method} {body}', `POST ${BODY}`],
  ['another header', '{header:X-Id}.{body}', `id-1.${BODY}`],
  ['the registered URL', '{url}{body}', `https://hooks.example.com/in?a=1${BODY}`],
  ['its path and query', '{target}{body}', `/in?a=1${BODY}`],
  ['a setting', '{setting:webhookId}|{body}', `W1|${BODY}`],
  ['the digest of the body', '{sha256hex}', createHash('sha256').update(BODY).digest('hex')],
  ['the body in base64', '{base64}', Buffer.from(BODY).toString('base64')],
  [
    'members, numbers as they are written',
    '{member:amount}:{member:flag}:{member:nested.list.0.n}',
    '1.50:true:x',
  ],
  ['a member that is not there', '{member:id}:{member:none}:{body}', `1::${BODY}`],
  ['headers that a header lists', '{listed:X-List}\n{body}', `x-id:id-1;x-list:X-Id, X-List\n${BODY}`],
])('a template may sign %s', async (_title, signed, text) => {
  const form = { ...base, signed };
  const more = { publicUrl: 'https://hooks.example.com/in?a=1', values: { webhookId: 'W1' } };
  const others = ['X-Id', 'id-1', 'X-List', 'X-Id, X-List'];
  expect(await ask([form], ['X-Sig', hex(text), ...others], more)).toBe('passes');
  expect(await ask([form], ['X-Sig', hex(`${text}!`), ...others], more)).toBe('hmac_mismatch');
});

test('fields of a form are signed sorted, or by name', async () => {
  const body = 'b=2&a=%2B1&c=x+y';
  expect(await ask([{ ...base, signed: '{form}' }], ['X-Sig', hex('a+1b2cx y')], { body })).toBe('passes');
  expect(await ask([{ ...base, signed: '{field:c}' }], ['X-Sig', hex('x y')], { body })).toBe('passes');
});

test('a URL that is signed is the registered one, to which only a token may be added; Host says nothing', async () => {
  const form = { ...base, signed: '{url}' };
  const publicUrl = 'https://hooks.example.com/in?a=1';
  const rawHeaders = ['Host', 'evil.example', 'X-Sig', hex('https://hooks.example.com/in?a=1&token=b')];
  expect(await ask([form], rawHeaders, { publicUrl, query: 'a=1&token=b' })).toBe('passes');
  const other = ['X-Sig', hex('https://hooks.example.com/in?a=1&b=2')];
  expect(await ask([form], other, { publicUrl, query: 'a=1&b=2' })).toBe('hmac_malformed');
  const forged = ['Host', 'evil.example', 'X-Sig', hex('https://evil.example/in?a=1')];
  expect(await ask([form], forged, { publicUrl })).toBe('hmac_mismatch');
  expect(await ask([form], rawHeaders, { query: 'a=1&token=b' })).toBe('hmac_malformed');
});

test.each([
  ['text', 'text', SECRET, SECRET],
  ['hexadecimal', 'hex', 'ab'.repeat(32), Buffer.from('ab'.repeat(32), 'hex')],
  ['base64', 'base64', Buffer.alloc(33, 7).toString('base64'), Buffer.alloc(33, 7)],
  [
    'base64 behind a word',
    { base64After: 'whsec_' },
    `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
    Buffer.alloc(24, 7),
  ],
  [
    'base64 without the word',
    { base64After: 'whsec_' },
    Buffer.alloc(24, 7).toString('base64'),
    Buffer.alloc(24, 7),
  ],
  ['the digest of a text', 'sha1', SECRET, createHash('sha1').update(SECRET).digest()],
  ['a text with its letters decomposed', 'nfkd', 's\u00e9cret-0123456789', 'se\u0301cret-0123456789'],
] as const)('a key may be %s', async (_title, key, secret, bytes) => {
  const form = { ...base, key };
  expect(await ask([form], ['X-Sig', hex(BODY, bytes)], { secrets: [secret] })).toBe('passes');
  expect(await ask([form], ['X-Sig', hex(BODY, 'another')], { secrets: [secret] })).toBe('hmac_mismatch');
});

test.each([
  ['seconds', 's', String(NOW_SECONDS)],
  ['milliseconds', 'ms', String(NOW)],
  ['a date of ISO 8601', 'date', '2026-11-22T10:00:00Z'],
  ['a date with another zone and nanoseconds', 'date', '2026-11-22T12:00:00.123456789+02:00'],
  ['a date as HTTP has it', 'date', 'Sun, 22 Nov 2026 10:00:00 GMT'],
] as const)('the time may be %s, and is signed as it is written', async (_title, unit, text) => {
  const time = { from: 'header:X-Time', unit, toleranceSeconds: 60 } as const;
  const form = { ...base, signed: '{time}.{body}', time };
  const rawHeaders = ['X-Sig', hex(`${text}.${BODY}`), 'X-Time', text];
  expect(await ask([form], rawHeaders)).toBe('passes');
  const at = (seconds: number, forms: readonly SignatureForm[] = [form]) => {
    const verify = verifyForms('hmac', forms, { secrets: [SECRET], allowSha1: false, toleranceSeconds: 300 });
    return verdict(verify, { rawHeaders, receivedAt: NOW + seconds * 1_000 }, BODY);
  };
  expect([await at(60), await at(61), await at(-61)]).toEqual(['passes', 'hmac_timestamp', 'hmac_timestamp']);
  const forever = { ...form, time: { ...time, toleranceSeconds: null } };
  expect(await at(1e9, [forever])).toBe('passes');
  expect(await ask([form], ['X-Sig', rawHeaders[1] as string])).toBe('hmac_malformed');
  expect(await ask([form], [...rawHeaders, 'X-Time', text])).toBe('hmac_repeated');
  expect(await ask([form], ['X-Sig', rawHeaders[1] as string, 'X-Time', ` ${text}`])).toBe('hmac_malformed');
});

const keys = {
  ed25519: generateKeyPairSync('ed25519'),
  'ecdsa-sha256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'rsa-sha256': generateKeyPairSync('rsa', { modulusLength: 2_048 }),
};

test.each(Object.entries(keys))(
  '%s is checked with the public key, however that is written',
  async (algorithm, pair) => {
    const form = { ...base, encoding: 'base64', algorithm } as SignatureForm;
    const made = sign(algorithm === 'ed25519' ? null : 'sha256', Buffer.from(BODY), pair.privateKey).toString(
      'base64',
    );
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '');
    const der = pair.publicKey.export({ type: 'spki', format: 'der' });
    const raw = der.subarray(-32);
    const written = [pem, der.toString('base64')];
    if (algorithm === 'ed25519')
      written.push(raw.toString('hex'), raw.toString('base64'), `whpk_${raw.toString('base64')}`);
    for (const secret of written) {
      expect(await ask([form], ['X-Sig', made], { secrets: [secret] })).toBe('passes');
      expect(await ask([form], ['X-Sig', made], { secrets: [secret], body: `${BODY} ` })).toBe(
        'signature_mismatch',
      );
      expect(await ask([form], ['X-Sig', made.slice(4)], { secrets: [secret] })).toMatch(/^signature_m/);
    }
    // A key of another kind never checks: an algorithm is the form's, not the key's.
    for (const [name, other] of Object.entries(keys)) {
      const another = other.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
      const verdictOf = await ask([form], ['X-Sig', made], { secrets: [another] });
      expect([name, verdictOf]).toEqual([name, name === algorithm ? 'passes' : 'signature_mismatch']);
    }
  },
);

test('a curve that is not P-256 and a short RSA key are no keys', async () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const short = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  for (const [algorithm, { privateKey, publicKey }] of [
    ['ecdsa-sha256', p384],
    ['rsa-sha256', short],
  ] as const) {
    const form = { ...base, encoding: 'base64', algorithm } as const;
    const secret = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const made = sign('sha256', Buffer.from(BODY), privateKey).toString('base64');
    expect(await ask([form], ['X-Sig', made], { secrets: [secret] })).toBe('signature_mismatch');
  }
});

test('a secret that is sent as it is passes, and is not kept as evidence', async () => {
  const basic: SignatureForm = {
    in: { header: 'Authorization' },
    prefix: 'Basic ',
    encoding: 'base64',
    algorithm: 'equal',
  };
  const value = `Basic ${Buffer.from(SECRET).toString('base64')}`;
  const verify = verifyForms('hmac', [basic], { secrets: [SECRET], allowSha1: false, toleranceSeconds: 300 });
  const head = { receivedAt: NOW, address: undefined, query: '', rawHeaders: ['authorization', value] };
  const proof = verify(head)(Buffer.from(BODY));
  expect(proof).toEqual({ scheme: 'hmac', secret: expect.any(String), form: 'Authorization equal' });
  expect(JSON.stringify(proof)).not.toContain(SECRET);
  expect(await ask([basic], ['Authorization', `${value}x`])).toMatch(/^hmac_m/);
  expect(await ask([basic], ['Authorization', SECRET])).toBe('hmac_malformed');
});

test('what was signed beside the body is kept as evidence, and can be checked again', async () => {
  const preset = presets['standard-webhooks'] as Preset;
  const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  const [form] = preset.forms as [SignatureForm];
  const rawHeaders = Object.entries(signForm(form, secret, Buffer.from(BODY), { nowMs: NOW })).flat();
  const verify = verifyForms('hmac', [form], { secrets: [secret], allowSha1: false, toleranceSeconds: 300 });
  const proof = await verify({ receivedAt: NOW, address: undefined, query: '', rawHeaders })(
    Buffer.from(BODY),
  );
  expect(proof).toMatchObject({ form: 'webhook-signature sha256', signature: expect.stringMatching(/^v1,/) });
  const years = NOW + 1e11;
  expect(HMAC.recheck(proof, secret, Buffer.from(BODY), years, { preset })).toBe(true);
  expect(HMAC.recheck(proof, secret, Buffer.from(`${BODY} `), years, { preset })).toBe(false);
  expect(judgedHeadersOf(preset)).toEqual(
    expect.arrayContaining(['webhook-signature', 'webhook-id', 'webhook-timestamp', 'authorization']),
  );
});

test('neither a query nor headers that a sender lists are kept as evidence', () => {
  const proofOf = (form: SignatureForm, query: string, text: string, more: readonly string[] = []) => {
    const settings = {
      secrets: [SECRET],
      allowSha1: false,
      toleranceSeconds: 300,
      publicUrl: 'https://a.example/in?a=1',
    };
    const head = { receivedAt: NOW, address: undefined, query, rawHeaders: ['X-Sig', hex(text), ...more] };
    return verifyForms('hmac', [form], settings)(head)(Buffer.from(BODY));
  };
  const url = { ...base, signed: '{url}{body}' };
  const signed = `https://a.example/in?a=1&token=b${BODY}`;
  expect(proofOf(url, 'a=1&token=b', signed)).not.toHaveProperty('signature');
  expect(proofOf(url, 'a=1', `https://a.example/in?a=1${BODY}`)).toHaveProperty('signature');
  const listed = { ...base, signed: '{listed:X-List}{body}' };
  const secret = ['X-List', 'Cookie', 'Cookie', 'session'];
  expect(JSON.stringify(proofOf(listed, '', `cookie:session${BODY}`, secret))).not.toContain('session');
});

test('any of several headers may be the good one, and one that is malformed does not harm', async () => {
  const form = { ...base, in: { headers: ['X-One', 'X-Two'] } } as const;
  expect(await ask([form], ['X-One', hex('x'), 'X-Two', hex(BODY)])).toBe('passes');
  expect(await ask([form], ['X-One', 'junk', 'X-Two', hex(BODY)])).toBe('passes');
  expect(await ask([form], ['X-Two', hex(BODY)])).toBe('passes');
  expect(await ask([form], ['X-One', hex('x'), 'X-Two', hex('y')])).toBe('hmac_mismatch');
  expect(await ask([form], [])).toBe('hmac_missing');
  const series = { ...base, in: { headerSeries: 'X-Sig-', upTo: 3 } } as const;
  expect(await ask([series], ['X-Sig-1', hex('x'), 'X-Sig-3', hex(BODY)])).toBe('passes');
  expect(await ask([series], ['X-Sig-4', hex(BODY)])).toBe('hmac_missing');
});

test('while Mollie changes a secret each delivery has two headers of one name, and one of them is right', async () => {
  const { forms } = presets.mollie as Preset;
  const old = `sha256=${hex(BODY, 'the secret of before')}`;
  const good = `sha256=${hex(BODY)}`;
  for (const [one, other] of [
    [old, good],
    [good, old],
  ])
    expect(await ask(forms, ['X-Mollie-Signature', one, 'x-mollie-signature', other] as string[])).toBe(
      'passes',
    );
  expect(await ask(forms, ['X-Mollie-Signature', old, 'X-Mollie-Signature', old])).toBe('hmac_mismatch');
});

test('a list has up to eight signatures; what has another tag is passed over', async () => {
  const form = { ...base, layout: { list: ' ', tag: 'v1', mark: ',' } } as const;
  const good = `v1,${hex(BODY)}`;
  const bad = `v1,${hex('x')}`;
  expect(await ask([form], ['X-Sig', `v2,abc ${bad} ${good}`])).toBe('passes');
  expect(await ask([form], ['X-Sig', `${`${bad} `.repeat(7)}${good}`])).toBe('passes');
  expect(await ask([form], ['X-Sig', `${`${bad} `.repeat(8)}${good}`])).toBe('hmac_malformed');
  expect(await ask([form], ['X-Sig', `v2,${hex(BODY)}`])).toBe('hmac_malformed');
});

test('two forms of one value are both tried; a stronger header is never mended by a weaker one', async () => {
  const time = { from: 'header:X-Time', unit: 's' } as const;
  const both = [{ ...base, signed: '{time}.{body}', time }, base] as const;
  expect(await ask(both, ['X-Sig', hex(`${NOW_SECONDS}.${BODY}`), 'X-Time', String(NOW_SECONDS)])).toBe(
    'passes',
  );
  expect(await ask(both, ['X-Sig', hex(BODY)])).toBe('passes');
  const strong = { ...base, in: { header: 'X-Strong' } } as const;
  expect(await ask([strong, base], ['X-Strong', hex('x'), 'X-Sig', hex(BODY)])).toBe('hmac_mismatch');
});

test('a signature may stand inside the body; of a list only one item may be there', async () => {
  const form = { ...base, in: { member: 'items.0.sig' }, signed: '{member:items.0.id}' } as const;
  const item = { id: 'a', sig: hex('a') };
  expect(await ask([form], [], { body: JSON.stringify({ items: [item] }) })).toBe('passes');
  expect(await ask([form], [], { body: JSON.stringify({ items: [{ ...item, id: 'b' }] }) })).toBe(
    'hmac_mismatch',
  );
  expect(await ask([form], [], { body: JSON.stringify({ items: [item, { id: 'forged' }] }) })).toBe(
    'hmac_missing',
  );
  for (const body of ['', 'no json', '[]', '{"items":[{"sig":1}]}', `{"items":[],"items":[]}`])
    expect(await ask([form], [], { body })).toMatch(/^hmac_m/);
});

test('a series of headers is said by its ends, and each of several others by its name', () => {
  const series = { ...base, in: { headerSeries: 'X-Sig-', upTo: 100 } } as const;
  expect(sayForm(series)).toBe('`X-Sig-1 to -100: <hex>`');
  const several = { ...base, in: { headers: ['X-One', 'X-Two'] } } as const;
  expect(sayForm(several)).toBe('`X-One or X-Two: <hex>`');
});

test.each([
  [{ ...base, algorithm: 'md5' }, 'has an algorithm that is none of'],
  [{ ...base, signed: '{bodi}' }, 'has an unknown placeholder {bodi}; there are body, time'],
  [{ ...base, signed: '{header}' }, 'has {header} without the name of a header'],
  [{ ...base, signed: '{body:x}' }, 'has {body:x}, but {body} takes no name'],
  [{ ...base, signed: 'x' }, 'signs nothing of a request'],
  [{ ...base, signed: '{body}}' }, 'has a brace that is no placeholder'],
  [{ ...base, signed: '{time}{body}' }, 'signs {time}, but does not say where that is'],
  [{ ...base, signed: '{key}{body}' }, 'has {key}, which only a digest signs'],
  [{ ...base, algorithm: 'digest-sha256' }, 'is a digest of what anybody knows'],
  [{ ...base, time: { from: 'header:X', unit: 's' } }, 'has a time that is not signed'],
  [{ ...base, time: { from: 'pair:t', unit: 's' } }, 'has its time in a pair, but no pairs'],
  [{ ...base, signed: '{time}', time: { from: 'x', unit: 's' } }, 'has a time that is not from'],
  [{ ...base, signed: '{time}', time: { from: 'header:X', unit: 'h' } }, 'has a time whose unit'],
  [
    { ...base, signed: '{time}', time: { from: 'header:X', unit: 's', toleranceSeconds: 0 } },
    'has a tolerance',
  ],
  [{ ...base, in: { header: 'a b' } }, 'has a header that is not a name'],
  [{ ...base, in: {} }, 'does not say where its signature is'],
  [{ ...base, in: { header: 'X', member: 'a' } }, 'does not say where its signature is'],
  [{ ...base, in: { headerSeries: 'X-', upTo: 1_000 } }, 'has a headerSeries whose upTo'],
  [{ ...base, encoding: 'utf8' }, 'has an encoding that is none of'],
  [{ ...base, key: 'rot13' }, 'has a key that is none of'],
  [{ ...base, algorithm: 'ed25519', key: 'hex' }, 'has a key, but it is the public one'],
  [{ ...base, prefix: 'x', layout: { pairs: ',', mac: 'v1' } }, 'has a prefix and a layout'],
  [{ ...base, layout: { list: ',', mark: ',' } }, 'has a layout that is none of'],
  [{ ...base, algorithm: 'equal' }, 'compares a secret, so it has no signed'],
  [null, 'is not an object'],
])('what cannot be is told: %o', (form, words) => {
  expect(formFlaws(form).join('\n')).toContain(words);
});

test('a weaker form for the same value is told', () => {
  expect(formsFlaws([base, { ...base, algorithm: 'hmac-sha1' }])).toEqual([
    expect.stringContaining('weaker one'),
  ]);
  expect(formsFlaws([base, { ...base, prefix: 'sha1=', algorithm: 'hmac-sha1' }])).toHaveLength(1);
  expect(
    formsFlaws([
      { ...base, prefix: 'sha256=' },
      { ...base, prefix: 'sha1=', algorithm: 'hmac-sha1' },
    ]),
  ).toEqual([]);
});

const signable = Object.values(presets).flatMap(({ name, forms }) =>
  forms
    .filter(
      (form) =>
        !isAsymmetric(form) && ('header' in form.in || 'headers' in form.in || 'headerSeries' in form.in),
    )
    .filter((form) => !('bodyDigest' in form))
    .map((form, at) => ({ title: `${name} ${at + 1}`, form })),
);

/** Two of them sign a time that stands in the body. */
const DATED = JSON.stringify({ webhookTimestamp: NOW, signedAt: NOW_SECONDS });

test.each(signable)('what is signed by a form passes it, and nothing else does: $title', async ({ form }) => {
  const secret = form.key === 'hex' ? 'ab'.repeat(32) : Buffer.alloc(24, 9).toString('base64');
  const about = { publicUrl: 'https://hooks.example.com/in', secrets: [secret], allowSha1: true };
  const headers = signForm(form, secret, Buffer.from(DATED), { nowMs: NOW, publicUrl: about.publicUrl });
  const rawHeaders = Object.entries(headers).flat();
  expect(await ask([form], rawHeaders, { ...about, body: DATED })).toBe('passes');
  const other = await ask([form], rawHeaders, { ...about, body: `${DATED} ` });
  expect(other).toBe(provesOf(form) === 'the sender only' ? 'passes' : 'hmac_mismatch');
  expect(
    await ask([form], rawHeaders, { ...about, body: DATED, secrets: [`${secret.slice(0, -4)}0000`] }),
  ).toBe('hmac_mismatch');
  expect(sayForm(form)).toMatch(/^`.+: .+`/);
});
