/** How a source is switched on whose provider publishes its keys, or whose only proof is a JWT. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { amazonSns, custom, discord, easyship, log, shipengine, standardWebhooks } from 'consignee';
import { expect, test } from 'vitest';
import { rotate } from '../../../src/ops/secret/rotate.ts';
import { showSecrets } from '../../../src/ops/secret.ts';
import { secretOf } from '../../../src/ops/secrets-file.ts';
import type { Settings } from '../../../src/ops/settings.ts';
import { sourceFindings } from '../../../src/serve/check/configuration.ts';
import { NOTHING_KNOWN } from '../../../src/serve/check/known-secrets.ts';
import { readSourcePage } from '../../../src/serve/console/source-facts.ts';
import { firstSetting } from '../../../src/verify/switches.ts';
import { GOOD, reading, settingsOf, textOf } from './reading.ts';

const lbjwt = custom({
  name: 'lbjwt',
  jwt: { header: 'X-LB-Token', algorithm: 'ES256', binds: { digest: 'sha', encoding: 'hex' } },
});
const sources = [shipengine, amazonSns, easyship, standardWebhooks, discord, lbjwt].map((preset) => ({
  preset,
  handlers: { log },
}));
const read = (environment: Record<string, string>) => {
  const { problems, warnings, config } = reading(environment, { sources });
  return { problems, warnings, of: (name: string) => config.sources.find((one) => one.name === name) };
};

test('naming the scheme switches a source on whose keys are published', () => {
  const { problems, of } = read({ SHIPENGINE_VERIFY: 'signature' });
  expect(problems).toEqual([]);
  expect(of('shipengine')).toMatchObject({ schemes: ['signature'], secrets: { signature: [] } });
  expect(of('amazon-sns')?.schemes).toEqual([]);
  expect(read({}).of('shipengine')?.schemes).toEqual([]);
});

test('it is one of the checks like any other: pinned with others, and observed', () => {
  const token = { SHIPENGINE_WEBHOOK_TOKEN: GOOD };
  const both = read({ ...token, SHIPENGINE_VERIFY: 'token, signature', SHIPENGINE_OBSERVE: 'signature' });
  expect(both.problems).toEqual([]);
  expect(both.of('shipengine')).toMatchObject({ schemes: ['token', 'signature'], observed: ['signature'] });
  expect(read(token).of('shipengine')?.schemes).toEqual(['token']);
  const wrong = read({ STANDARD_WEBHOOKS_VERIFY: 'signature' });
  expect(textOf(wrong.problems)).toContain('STANDARD_WEBHOOKS_WEBHOOK_SECRET is not set');
});

test('a key of one’s own is used instead: also a JWK Set in a file, on many lines', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwks = { keys: [publicKey.export({ format: 'jwk' })] };
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const file = join(folder, 'jwks.json');
  writeFileSync(file, `${JSON.stringify(jwks, null, 2)}\n`);
  const { problems, warnings, of } = read({ SHIPENGINE_WEBHOOK_SECRET_FILE: file });
  rmSync(folder, { recursive: true });
  expect([problems, warnings]).toEqual([[], []]);
  expect(of('shipengine')).toMatchObject({
    schemes: ['signature'],
    secrets: { signature: [JSON.stringify(jwks)] },
  });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  for (const secret of [GOOD, '{"keys":[]}', JSON.stringify(ec)])
    expect(settingsOf(read({ SHIPENGINE_WEBHOOK_SECRET: secret }).problems)).toEqual([
      'SHIPENGINE_WEBHOOK_SECRET',
    ]);
});

test('Amazon’s topic must be named', () => {
  expect(settingsOf(read({ AMAZON_SNS_VERIFY: 'signature' }).problems)).toEqual(['AMAZON_SNS_TOPIC_ARN']);
  const arn = 'arn:aws:sns:eu-west-1:123456789012:parcels';
  const { problems, of } = read({ AMAZON_SNS_VERIFY: 'signature', AMAZON_SNS_TOPIC_ARN: arn });
  expect(problems).toEqual([]);
  expect(of('amazon-sns')).toMatchObject({ schemes: ['signature'], values: { topicArn: arn } });
});

test('a provider whose only proof is a JWT has its key where others have theirs', () => {
  const { problems, of } = read({ EASYSHIP_WEBHOOK_SECRET: GOOD, EASYSHIP_VERIFY: 'jwt' });
  expect(problems).toEqual([]);
  expect(of('easyship')).toMatchObject({ schemes: ['jwt'], secrets: { jwt: [GOOD] } });
  expect(textOf(read({ EASYSHIP_JWT_SECRET: GOOD }).problems)).toContain(
    'EASYSHIP_JWT_SECRET is nothing that Easyship is checked with',
  );
  expect(textOf(read({ EASYSHIP_VERIFY: 'jwt' }).problems)).toContain('EASYSHIP_WEBHOOK_SECRET is not set');
});

test('what is said of a source that is off names the way to switch it on', () => {
  const first = (preset: typeof shipengine, prefix: string) => firstSetting({ preset, prefix });
  expect(first(shipengine, 'SHIPENGINE')).toBe('SHIPENGINE_VERIFY=signature');
  expect(first(easyship, 'EASYSHIP')).toBe('EASYSHIP_WEBHOOK_SECRET');
  expect(first(standardWebhooks, 'SW')).toBe('SW_WEBHOOK_SECRET');
});

test('a public key is no secret that both sides have', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { problems } = reading({ FLINTN_WEBHOOK_SECRET: pem, FLINTN_JWT_SECRET: pem });
  expect(settingsOf(problems)).toEqual(['FLINTN_WEBHOOK_SECRET', 'FLINTN_JWT_SECRET']);
  expect(textOf(problems)).toContain('is a public key');
});

const findings = (environment: Record<string, string>, name: string) => {
  const { config } = reading(environment, { sources });
  const about = { config, environment } as Settings;
  return sourceFindings(about).filter(({ subject }) => subject.startsWith(name));
};

test('`check` says from where keys are fetched, and that others may have the same one', () => {
  const alone = findings({ SHIPENGINE_VERIFY: 'signature' }, 'shipengine');
  expect(alone.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'warn', 'warn']);
  const says = alone.map((finding) => finding.says).join('\n');
  expect(says).toContain('fetched from api.shipengine.com by https');
  expect(says).toContain('Set SHIPENGINE_WEBHOOK_TOKEN as well');
  const withToken = { SHIPENGINE_VERIFY: 'token,signature', SHIPENGINE_WEBHOOK_TOKEN: GOOD };
  expect(JSON.stringify(findings(withToken, 'shipengine'))).not.toContain('pass on what they got');
  const topic = { AMAZON_SNS_VERIFY: 'signature', AMAZON_SNS_TOPIC_ARN: 'arn:1' };
  expect(JSON.stringify(findings(topic, 'amazon-sns'))).not.toContain('pass on what they got');
  expect(JSON.stringify(findings(topic, 'amazon-sns'))).toContain('sns.{region}.amazonaws.com');
  expect(JSON.stringify(findings({ EASYSHIP_WEBHOOK_SECRET: GOOD }, 'easyship'))).toContain(
    'proves the sender only',
  );
});

test('the text of .env has the switch of a source whose keys are published, and no secret', () => {
  const section = (preset: typeof shipengine) => secretOf({ source: preset.name, preset });
  expect(section(shipengine)).toMatch(/\nSHIPENGINE_VERIFY=signature\n$/);
  expect(section(easyship)).toMatch(/\nEASYSHIP_WEBHOOK_SECRET=[\da-f]{64}\n$/);
});

const pemOf = () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ type: 'spki', format: 'pem' }) as string;
};

test('the console names the setting that there is, and what the token proves', async () => {
  const { config } = reading({ LBJWT_WEBHOOK_SECRET: pemOf() }, { sources });
  const from = {
    config: () => config,
    status: async () => ({ sources: [] }),
    reading: { ask: async () => [] },
    inbox: { fingerprintKey: async () => undefined },
    allowed: () => [],
  };
  type Asked = Parameters<typeof readSourcePage>;
  const request = { params: { source: 'lbjwt' }, now: 0 } as unknown as Asked[1];
  expect(await readSourcePage(from as unknown as Asked[0], request)).toMatchObject({
    checks: [{ scheme: 'jwt', proves: 'the sender, and that the content is as it was sent' }],
    secrets: [{ setting: 'LBJWT_WEBHOOK_SECRET' }],
    switchOn: { first: 'LBJWT_WEBHOOK_SECRET' },
  });
});

test('the sender makes a pair of keys, we get its public half: so say `secret rotate` and `secret show`', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const file = join(folder, 'key.pem');
  writeFileSync(file, pemOf());
  const linesWith = async (setting: Record<string, string>) => {
    const environment = { ...setting, DATABASE_URL: 'sqlite:no-such-folder/inbox.db' };
    const settings: Settings = { ...reading(environment, { sources }), environment, sources: [], wiring: '' };
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    await rotate({ source: 'lbjwt', waitMs: 0, read: async () => settings, say });
    const shown = settings.config.sources.filter(({ name }) => name === 'lbjwt');
    return [...lines, ...showSecrets(shown, { settings, known: NOTHING_KNOWN, now: 0 })].join('\n');
  };
  const said = await linesWith({ LBJWT_WEBHOOK_SECRET_FILE: file });
  rmSync(folder, { recursive: true });
  expect(said).toMatch(
    /1\. Have the provider make a new pair of keys.*2\. Put the new PEM block .* above the old/s,
  );
  expect(said).not.toMatch(/generate|signs with it|`send` signs|first line|-----B/);
  expect(said.match(/a public key in PEM \(no fingerprint/g)).toHaveLength(2);
  expect(await linesWith({ LBJWT_WEBHOOK_SECRET: pemOf() })).toContain('Here, set LBJWT_WEBHOOK_SECRET to');
});

test('nobody is told to make up a public key', () => {
  for (const setting of ['DISCORD_WEBHOOK_SECRET', 'LBJWT_WEBHOOK_SECRET', 'SHIPENGINE_WEBHOOK_SECRET'])
    for (const empty of ['', 'changeme']) {
      const said = textOf(read({ [setting]: empty }).problems);
      expect(said).toContain(`${setting} is`);
      expect(said).toContain('Put the provider’s public key there');
      expect(said).not.toContain('openssl');
    }
  expect(textOf(read({ EASYSHIP_WEBHOOK_SECRET: '' }).problems)).toContain('openssl rand');
});
