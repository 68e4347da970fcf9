/** How the text of a key is fetched: from a server of the test's own, whose name and authority production knows nothing of. */
import { sign, X509Certificate } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { amazonSns } from 'consignee';
import { afterEach, expect, test, vi } from 'vitest';
import type { ResolveName } from '../../src/base/reach.ts';
import { fetchBy, fetchPublic } from '../../src/verify/form/key-fetch.ts';
import { PublishedKeys } from '../../src/verify/form/published.ts';
import { verifyForms } from '../../src/verify/form/verifier.ts';
import { makeCertificate } from '../harness/certificates.ts';
import { verdict } from './verdict.ts';

const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const NAME = 'keys.example.com';
const { key, certificate: ca } = makeCertificate({ name: `DNS:${NAME}` });

async function serve(answer: RequestListener, pair = { key, certificate: ca }): Promise<string> {
  const server = createServer({ key: pair.key, cert: pair.certificate }, answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://${NAME}:${(server.address() as AddressInfo).port}/jwks`;
}

const resolving = (...addresses: string[]): ResolveName => {
  const found = addresses.map(
    (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
  );
  return (_hostname, _options, callback) => setImmediate(() => callback(null, found));
};
const home = { resolve: resolving('127.0.0.1'), allow: ['127.0.0.1'], ca };

test('it is read whole', async () => {
  const address = await serve((_request, response) => response.end('ü'.repeat(20_000)));
  expect(await fetchBy(home)(address)).toBe('ü'.repeat(20_000));
});

test.each([
  ['a redirect', 'it answered 302', (response) => response.writeHead(302, { Location: '/other' }).end('{}')],
  ['no such key', 'it answered 404', (response) => response.writeHead(404).end('{}')],
  ['a partial answer', 'it answered 206', (response) => response.writeHead(206).end('{}')],
  ['an endless answer', 'more than 65536 bytes', (response) => void response.write('x'.repeat(70_000))],
  [
    'a broken answer',
    'aborted',
    (response) => response.writeHead(200, { 'Content-Length': 9 }).flushHeaders(),
  ],
  ['no answer', 'no whole answer within 2000 ms', () => {}],
  ['a slow answer', 'no whole answer within 2000 ms', (response) => response.write('{')],
] satisfies [string, string, (response: Parameters<RequestListener>[1]) => unknown][])(
  'what is not the whole key is none: %s',
  async (title, says, answer) => {
    const asked: (string | undefined)[] = [];
    const address = await serve((request, response) => {
      asked.push(request.url);
      answer(response);
      if (title === 'a broken answer') setImmediate(() => response.destroy());
    });
    await expect(fetchBy(home)(address)).rejects.toThrow(says);
    expect(asked).toEqual(['/jwks']);
  },
);

type Trusting = Partial<Omit<typeof home, 'ca'>> & { readonly ca?: string | undefined };

test.each([
  [
    'its name leads to a private address',
    { resolve: resolving('10.0.0.1') },
    '10.0.0.1, which is not a public',
  ],
  ['its name leads to this machine', { resolve: resolving('127.0.0.1', '::1') }, 'not a public address'],
  ['its name leads to the machine’s own keys', { resolve: resolving('169.254.169.254') }, 'not a public'],
  ['nobody vouches for its certificate', { ...home, ca: undefined }, 'self-signed'],
])('nothing is fetched where %s', async (_title, { ca: trusted, ...options }: Trusting, says) => {
  const asked = vi.fn();
  const address = await serve(asked);
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
  await expect(fetchBy({ ...options, ...(trusted && { ca: trusted }) })(address)).rejects.toThrow(says);
  expect(asked).not.toHaveBeenCalled();
});

test('nothing is fetched from under another name, or with a certificate that is over', async () => {
  const asked = vi.fn();
  const other = makeCertificate({ name: 'DNS:other.example.com' });
  const over = makeCertificate({ name: `DNS:${NAME}`, days: -1 });
  for (const pair of [other, over]) {
    const address = await serve(asked, pair);
    await expect(fetchBy({ ...home, ca: pair.certificate })(address)).rejects.toThrow(/altnames|expired/);
  }
  expect(asked).not.toHaveBeenCalled();
});

test('a name that leads inside is our trouble when a request asks for its key, and no more', async () => {
  const asked = vi.fn();
  const address = await serve(asked);
  const published = new PublishedKeys({
    log: { info() {}, warn() {} },
    fetchText: fetchBy({ ...home, allow: [] }),
  });
  const found = published.find({ jwks: address as `https://${string}` }, 'rsa-sha256', undefined, {
    receivedAt: 0,
    address: undefined,
  });
  await expect(found).rejects.toMatchObject({
    code: 'keys_unavailable',
    reason: expect.stringContaining('is at 127.0.0.1, which is not a public address'),
  });
  expect(asked).not.toHaveBeenCalled();
});

test('no setting leads to this machine', async () => {
  const asked = vi.fn();
  const address = await serve(asked);
  await expect(fetchPublic(address.replace(NAME, '127.0.0.1'))).rejects.toThrow('not a public address');
  await expect(fetchPublic(address.replace(NAME, 'localhost'))).rejects.toThrow('not a public address');
  expect(asked).not.toHaveBeenCalled();
});

test('the certificate of a message must be in its time when the message came', async () => {
  const signer = makeCertificate({ name: 'DNS:sns.amazonaws.com', kind: 'rsa' });
  const { validFrom, validTo } = new X509Certificate(signer.certificate);
  const published = new PublishedKeys({
    log: { info() {}, warn() {} },
    // A chain may stand behind it.
    fetchText: async () => `${signer.certificate}${ca}`,
  });
  const settings = {
    secrets: [],
    allowSha1: false,
    toleranceSeconds: 300,
    values: { topicArn: 'arn:1' },
    published,
  };
  let verify = verifyForms('signature', amazonSns.forms, settings);
  const at = async (receivedAt: number) => {
    const Timestamp = new Date(receivedAt).toISOString();
    const members = { Message: 'm', MessageId: '1', Timestamp, TopicArn: 'arn:1', Type: 'Notification' };
    const text = Object.entries(members).map(([name, value]) => `${name}\n${value}\n`);
    const Signature = sign('sha256', Buffer.from(text.join('')), signer.key).toString('base64');
    const SigningCertURL = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem';
    const body = JSON.stringify({ ...members, Signature, SignatureVersion: '2', SigningCertURL });
    return await verdict(verify, { receivedAt }, body);
  };
  expect(await at(Date.parse(validFrom))).toBe('passes');
  expect(await at(Date.parse(validTo))).toBe('passes');
  expect(await at(Date.parse(validFrom) - 1_000)).toBe('signature_mismatch');
  expect(await at(Date.parse(validTo) + 1_000)).toBe('signature_mismatch');
  // One that the operator has chosen is not held to its days.
  const chosen = [signer.certificate.replaceAll('\n', '')];
  verify = verifyForms('signature', amazonSns.forms, { ...settings, secrets: chosen });
  expect(await at(Date.parse(validTo) + 1_000)).toBe('passes');
});
