/** What may be a secret, where it may come from, and that no message ever shows one. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendgrid, square, standardWebhooks } from 'consignee';
import { afterAll, expect, test } from 'vitest';
import { GOOD, reading, settingsOf, sourceOf, textOf } from '../serve/config/reading.ts';

const OTHER = 'Zt6Hq1Wm8Xs3Vk9Ry4Bn7Cj2Dp5Fg0La';
const folder = mkdtempSync(join(tmpdir(), 'consignee-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string | Buffer): string {
  const path = join(folder, String(files++));
  writeFileSync(path, content);
  return path;
}

const NAMES = [
  ...['FLEXPORT_WEBHOOK_SECRET', 'SHIPPO_WEBHOOK_TOKEN', 'FLINTN_WEBHOOK_SECRET', 'FLATFILE_JWT_SECRET'],
  'CONSOLE_TOKEN',
];

const PLACEHOLDERS = [
  // Printed by the providers' own pages.
  ...['your_dev_key', 'your_prod_key', 'your_dev_webhook_secret', 'your_prod_webhook_secret'],
  ...['your-very-secret-key', '<SECRET>', '<YOUR_SHIPPO_HMAC_SECRET>', '123abc'],
  // Left behind by people, shells and templates.
  ...[
    'secret',
    'SECRET',
    'changeme',
    'ChangeMe',
    'change_me',
    'password',
    'token',
    'test',
    'example',
    'todo',
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template that nobody filled in
  ...['undefined', 'null', 'NaN', 'true', 'false', 'none', '${FLEXPORT_SECRET}', '{{secret}}', '<insert>'],
  ...['***', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '0'.repeat(64), 'your_own_secret_goes_right_here_ok'],
];

test.each(PLACEHOLDERS)('a placeholder is no secret, wherever it is set: %s', (placeholder) => {
  for (const name of NAMES) {
    const inline = reading({ [name]: placeholder });
    expect(settingsOf(inline.problems)).toEqual([name]);
    const previous = reading({ [name]: GOOD, [`${name}_PREVIOUS`]: placeholder });
    expect(settingsOf(previous.problems)).toEqual([`${name}_PREVIOUS`]);
    const inFile = reading({ [`${name}_FILE`]: file(`${GOOD}\n${placeholder}\n`) });
    expect(settingsOf(inFile.problems)).toEqual([`${name}_FILE`]);
  }
});

test('every placeholder gets the same words, which therefore show none of them', () => {
  const words = PLACEHOLDERS.map((placeholder) =>
    textOf(reading({ FLINTN_WEBHOOK_SECRET: placeholder }).problems),
  );
  expect(new Set(words).size).toBe(1);
});

test.each([
  ['empty', ''],
  ['a space', ' '],
  ['a tab and a line break', '\t\n'],
  ['a no-break space', '\u00a0'],
  ['a space before', ` ${GOOD}`],
  ['a space behind', `${GOOD} `],
  ['a line break behind', `${GOOD}\n`],
  ['a carriage return behind', `${GOOD}\r`],
  ['a line break inside', `${GOOD}\n${OTHER}`],
  ['a byte order mark', `\uFEFF${GOOD}`],
])('blank secrets and secrets with white space are refused: %s', (_title, secret) => {
  for (const name of NAMES) {
    const { problems, config } = reading({ [name]: secret });
    expect(settingsOf(problems)).toEqual([name]);
    expect(textOf(problems)).not.toContain(GOOD);
    expect(JSON.stringify(config)).not.toContain(GOOD);
  }
});

test.each([
  ['a sentence, as some providers give them', `${GOOD} ${OTHER}`, /has a blank inside/],
  ['half of a quoted one', `"${GOOD}`, /has a quote at one end/],
  ['fewer characters than are good', GOOD.slice(0, 31), /has 31 characters/],
])('%s is taken, with a warning', (_title, secret, says) => {
  for (const name of NAMES) {
    const { problems, warnings, config } = reading({ [name]: secret });
    expect(problems).toEqual([]);
    expect(settingsOf(warnings)).toEqual([name]);
    expect(textOf(warnings)).toMatch(says);
    expect(textOf(warnings)).not.toContain(GOOD.slice(0, 8));
    expect(JSON.stringify(config)).toContain(JSON.stringify(secret));
  }
});

test.each([`'${GOOD}'`, `"${GOOD}"`, '"secret"'])(
  'quotes that somebody kept around it are refused: %s',
  (secret) => {
    for (const name of NAMES) {
      for (const [environment, setting] of [
        [{ [name]: secret }, name],
        [{ [`${name}_FILE`]: file(`${secret}\n`) }, `${name}_FILE`],
        [{ [name]: OTHER, [`${name}_PREVIOUS`]: secret }, `${name}_PREVIOUS`],
      ] as const) {
        const { problems } = reading(environment);
        expect(settingsOf(problems)).toContain(setting);
        expect(textOf(problems)).toMatch(/has quotes around its value.*docker run --env-file/);
        expect(textOf(problems)).not.toContain(GOOD);
      }
    }
  },
);

test('under 16 characters are a warning in development and refused in production', () => {
  const short = { FLEXPORT_WEBHOOK_SECRET: GOOD.slice(0, 15) };
  expect(reading(short).problems).toEqual([]);
  const { problems } = reading({ ...short, NODE_ENV: 'production' });
  expect(settingsOf(problems)).toEqual(['FLEXPORT_WEBHOOK_SECRET']);
  expect(textOf(problems)).toMatch(/has 15 characters, which can be guessed.*16 at least/);
  const long = { FLEXPORT_WEBHOOK_SECRET: GOOD.slice(0, 16), NODE_ENV: 'production' };
  expect(reading(long).problems).toEqual([]);
});

test.each(['%20', '#', '&'])('a token with %s in it is taken, with a warning', (odd) => {
  const environment = { SHIPPO_WEBHOOK_TOKEN: `${GOOD}${odd}`, SHIPPO_WEBHOOK_SECRET: `${OTHER}${odd}` };
  const { problems, warnings } = reading(environment);
  expect(problems).toEqual([]);
  expect(settingsOf(warnings)).toEqual(['SHIPPO_WEBHOOK_TOKEN']);
  expect(textOf(warnings)).toContain('means something in a URL');
});

test.each([
  ['one line', `${GOOD}`, [GOOD]],
  ['one line and its end', `${GOOD}\n`, [GOOD]],
  ['one line and its end, from Windows', `${GOOD}\r\n`, [GOOD]],
  ['two lines, newest first', `${GOOD}\n${OTHER}\n`, [GOOD, OTHER]],
  ['two lines from Windows', `${GOOD}\r\n${OTHER}\r\n`, [GOOD, OTHER]],
  ['the same line twice', `${GOOD}\n${GOOD}\n`, [GOOD]],
])('a file holds one live secret a line: %s', (_title, content, secrets) => {
  const environment = { FLEXPORT_WEBHOOK_SECRET_FILE: file(content) };
  expect(reading(environment).problems).toEqual([]);
  expect(sourceOf(environment, 'flexport').secrets.hmac).toEqual(secrets);
});

test.each([
  ['nothing', ''],
  ['only a line break', '\n'],
  ['a line too many', `${GOOD}\n\n`],
  ['a gap', `${GOOD}\n\n${OTHER}\n`],
  ['a space behind', `${GOOD} \n`],
  ['a space before the second', `${GOOD}\n ${OTHER}\n`],
  ['old line ends', `${GOOD}\r${OTHER}\r`],
  ['a byte order mark', `\uFEFF${GOOD}\n`],
  ['UTF-16', Buffer.from(`\uFEFF${GOOD}`, 'utf16le')],
  ['bytes that are not UTF-8', Buffer.concat([Buffer.from(GOOD), Buffer.from([0xff])])],
  ['a zero byte', `${GOOD}\0\n`],
  ['a zero-width space', `${GOOD}\u200B\n`],
])('a file with anything else is refused: %s', (_title, content) => {
  for (const name of NAMES) {
    const { problems } = reading({ [`${name}_FILE`]: file(content) });
    expect([...new Set(settingsOf(problems))]).toEqual([`${name}_FILE`]);
    expect(textOf(problems)).not.toContain(GOOD);
  }
});

test('a file that cannot be read is a problem, never a source that is off', () => {
  mkdirSync(join(folder, 'a-folder'));
  for (const path of [join(folder, 'not-there'), join(folder, 'a-folder'), '']) {
    const environment = { FLEXPORT_WEBHOOK_SECRET_FILE: path };
    expect(settingsOf(reading(environment).problems)).toEqual(['FLEXPORT_WEBHOOK_SECRET_FILE']);
    expect(sourceOf(environment, 'flexport').schemes).toEqual(['hmac']);
  }
});

test('a secret and its file together are refused', () => {
  for (const name of NAMES) {
    const { problems } = reading({ [name]: GOOD, [`${name}_FILE`]: file(`${GOOD}\n`) });
    expect(settingsOf(problems)).toEqual([name]);
  }
});

test('a retired secret needs a current one', () => {
  for (const name of NAMES) {
    expect(settingsOf(reading({ [`${name}_PREVIOUS`]: OTHER }).problems)).toEqual([`${name}_PREVIOUS`]);
  }
});

test('all live secrets are read, newest first, each once', () => {
  const inline = { FLATFILE_JWT_SECRET: GOOD, FLATFILE_JWT_SECRET_PREVIOUS: OTHER };
  expect(sourceOf(inline, 'flatfile').secrets.jwt).toEqual([GOOD, OTHER]);
  const both = { SHIPPO_WEBHOOK_TOKEN_FILE: file(`${GOOD}\n`), SHIPPO_WEBHOOK_TOKEN_PREVIOUS: OTHER };
  expect(sourceOf(both, 'shippo').secrets.token).toEqual([GOOD, OTHER]);
  const twice = { FLINTN_WEBHOOK_SECRET: GOOD, FLINTN_WEBHOOK_SECRET_PREVIOUS: GOOD };
  expect(sourceOf(twice, 'flintn').secrets.hmac).toEqual([GOOD]);
  const console = { CONSOLE_TOKEN: GOOD, CONSOLE_TOKEN_PREVIOUS: OTHER };
  expect(reading(console).config.console.tokens).toEqual([GOOD, OTHER]);
});

test('a secret under 32 characters is a warning that does not show it', () => {
  const { problems, warnings } = reading({
    SHIPPO_WEBHOOK_TOKEN: GOOD.slice(1),
    FLINTN_WEBHOOK_SECRET: GOOD,
  });
  expect(problems).toEqual([]);
  expect(settingsOf(warnings)).toEqual(['SHIPPO_WEBHOOK_TOKEN']);
  expect(textOf(warnings)).not.toContain(GOOD.slice(1));
});

test('a public key in PEM is one secret on however many lines, among others in a file as in a variable', () => {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const pem = spki.export({ type: 'spki', format: 'pem' }).toString();
  const other = spki.export({ type: 'spki', format: 'der' }).toString('base64');
  const line = pem.replaceAll('\n', '');
  const read = (environment: Record<string, string>) =>
    reading(environment, { sources: [{ preset: sendgrid, handlers: {} }] });
  const secretsIn = (environment: Record<string, string>) => {
    const { config, problems, warnings } = read(environment);
    expect([problems, warnings]).toEqual([[], []]);
    expect(config.sources[0]?.schemes).toEqual(['signature']);
    return config.sources[0]?.secrets.signature;
  };
  expect(secretsIn({ SENDGRID_WEBHOOK_SECRET_FILE: file(`${pem}${other}\n`) })).toEqual([line, other]);
  expect(
    secretsIn({ SENDGRID_WEBHOOK_SECRET_FILE: file(`${other}\r\n${pem.replaceAll('\n', '\r\n')}`) }),
  ).toEqual([other, line]);
  expect(secretsIn({ SENDGRID_WEBHOOK_SECRET: pem })).toEqual([line]);
  expect(secretsIn({ SENDGRID_WEBHOOK_SECRET: pem.replaceAll('\n', '\\n') })).toEqual([line]);
  expect(textOf(read({ SENDGRID_WEBHOOK_SECRET: GOOD }).problems)).toContain(
    'SENDGRID_WEBHOOK_SECRET is not a public key for ecdsa-sha256',
  );
  const secret = generateKeyPairSync('ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  expect(textOf(read({ SENDGRID_WEBHOOK_SECRET: secret }).problems)).toContain('is a private key');
});

test('a preset with forms of both kinds is checked by what its newest secret is', () => {
  const read = (environment: Record<string, string>) =>
    reading(environment, { sources: [{ preset: standardWebhooks, handlers: {} }] });
  const symmetric = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const raw = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const asymmetric = `whpk_${raw.toString('base64')}`;
  const schemesOf = (secret: string) =>
    read({ STANDARD_WEBHOOKS_WEBHOOK_SECRET: secret }).config.sources[0]?.schemes;
  expect([schemesOf(symmetric), schemesOf(asymmetric)]).toEqual([['hmac'], ['signature']]);
  const mixed = {
    STANDARD_WEBHOOKS_WEBHOOK_SECRET: asymmetric,
    STANDARD_WEBHOOKS_WEBHOOK_SECRET_PREVIOUS: symmetric,
  };
  expect(settingsOf(read(mixed).problems)).toEqual(['STANDARD_WEBHOOKS_WEBHOOK_SECRET']);
  const pinned = { STANDARD_WEBHOOKS_WEBHOOK_SECRET: asymmetric, STANDARD_WEBHOOKS_VERIFY: 'signature' };
  expect(read(pinned).problems).toEqual([]);
});

test('a signed URL must be known, for one source or for all, and what a request says of its host is not asked', () => {
  const read = (environment: Record<string, string>) =>
    reading({ SQUARE_WEBHOOK_SECRET: GOOD, ...environment }, { sources: [{ preset: square, handlers: {} }] });
  expect(settingsOf(read({}).problems)).toEqual(['SQUARE_PUBLIC_URL']);
  const urlOf = (environment: Record<string, string>) => {
    const { problems, config } = read(environment);
    expect(problems).toEqual([]);
    return config.sources[0]?.publicUrl;
  };
  expect(urlOf({ PUBLIC_URL: 'https://hooks.example.com/' })).toBe(
    'https://hooks.example.com/webhooks/square',
  );
  expect(urlOf({ PUBLIC_URL: 'https://hooks.example.com/eu' })).toBe(
    'https://hooks.example.com/eu/webhooks/square',
  );
  const own = 'https://other.example.com/in?token=x';
  expect(urlOf({ PUBLIC_URL: 'https://hooks.example.com', SQUARE_PUBLIC_URL: own })).toBe(own);
  for (const odd of [
    'hooks.example.com',
    'ftp://hooks.example.com',
    'https://a.example/#x',
    'https://a.example/?x=1',
  ])
    expect(settingsOf(read({ PUBLIC_URL: odd }).problems)).toContain('PUBLIC_URL');
  expect(settingsOf(read({ PUBLIC_URL: 'https://a.example', SQUARE_PUBLIC_URLS: 'x' }).warnings)).toEqual([
    'SQUARE_PUBLIC_URLS',
  ]);
});
