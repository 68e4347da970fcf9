/** What `check` says of SHA-1: advice where a provider can do better, and none where it cannot. */
import { presets } from 'consignee';
import { expect, test } from 'vitest';
import type { Settings } from '../../src/ops/settings.ts';
import type { Evidence } from '../../src/serve/check/evidence.ts';
import { useFindings } from '../../src/serve/check/secrets.ts';
import { compileForm } from '../../src/verify/form/reading.ts';
import { isSha1 } from '../../src/verify/form/vocabulary.ts';
import type { Preset } from '../../src/verify/preset.ts';

const NOW = Date.UTC(2026, 10, 22);

/** The findings about SHA-1 of a source that had such events. */
function said(name: string, allowSha1 = false) {
  const preset = presets[name] as Preset;
  const source = {
    name,
    prefix: name.toUpperCase(),
    preset,
    allowSha1,
    schemes: ['hmac'],
    secrets: { hmac: ['s'.repeat(32)] },
  };
  const forms = preset.forms.map((form) => compileForm(form).label);
  const uses = forms.map((form) => ({
    source: name,
    scheme: 'hmac',
    secret: 'f',
    form,
    count: 3,
    firstAt: NOW,
    lastAt: NOW,
  }));
  const settings = { config: { sources: [source] }, environment: {} } as unknown as Settings;
  const evidence = { uses, fingerprints: (secret: string) => secret } as unknown as Evidence;
  return useFindings(settings, evidence, NOW).filter(({ subject }) => subject === `${name} SHA-1`);
}

const only = Object.values(presets).filter(({ forms }) => forms.length > 0 && forms.every(isSha1));

test('these providers have nothing but SHA-1', () => {
  expect(only.map(({ name }) => name).sort()).toEqual([
    'braintree',
    'ebay',
    'intercom',
    'segment',
    'twilio',
    'vercel',
  ]);
});

test.each(only)('$name is not advised to do what it cannot, whatever its setting', ({ name, title }) => {
  for (const allowSha1 of [false, true])
    expect(said(name, allowSha1)).toEqual([
      expect.objectContaining({ verdict: 'pass', says: `${title} signs with nothing better` }),
    ]);
});

test('a provider that can sign better is asked to', () => {
  expect(said('flexport', true)).toEqual([
    expect.objectContaining({ verdict: 'warn', says: expect.stringContaining('Have Flexport send SHA-256') }),
  ]);
});
