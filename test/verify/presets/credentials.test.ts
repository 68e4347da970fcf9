/** Providers that sign nothing and send a credential of the operator's own making, through the app as it is shipped. */
import { type Preset, presets } from 'consignee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp } from '../../harness/app.ts';
import { type Answer, ask, bytesOf } from '../../harness/wire.ts';

const SECRET = 'consignee:a-password-of-our-own-making';
const JSON_BODY = '{"scope":"any"}';
const SOAP = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000001EAA</OrganizationId></notifications></soapenv:Body></soapenv:Envelope>`;

/** How each sends it right and wrong, as a query or as a header, and what it sends. */
const rows = [
  ['walmart-notifications', { Authorization: `Basic ${btoa(SECRET)}` }, { Authorization: `Basic ${SECRET}` }],
  ['dhl-unified-push', { Authorization: SECRET }, { Authorization: `${SECRET}x` }],
  ['shipstation-v1', `?token=${encodeURIComponent(SECRET)}`, '?token=wrong'],
  ['salesforce-outbound', `?token=${encodeURIComponent(SECRET)}`, ''],
] as const;

let app: Awaited<ReturnType<typeof startApp>>;
beforeAll(async () => {
  app = await startApp(
    rows.map(([name, sent]) => ({
      name,
      preset: presets[name] as Preset,
      scheme: typeof sent === 'string' ? 'token' : 'hmac',
      secrets: [SECRET],
    })),
  );
});
afterAll(() => app.stop());

const bodyOf = (name: string) => (name === 'salesforce-outbound' ? SOAP : JSON_BODY);
const post = (name: string, sent: string | Readonly<Record<string, string>>): Promise<Answer> => {
  const [query, headers] = typeof sent === 'string' ? [sent, {}] : ['', sent];
  return ask(app.port, bytesOf('POST', `/webhooks/${name}${query}`, headers, bodyOf(name)));
};

test.each(rows)('%s is taken with its credential, and with no other', async (name, right, wrong) => {
  expect((await post(name, right)).status).toBe(200);
  expect(app.bodiesOf(name)).toEqual([Buffer.from(bodyOf(name))]);
  expect((await post(name, wrong)).status).toBe(401);
  expect(app.bodiesOf(name)).toHaveLength(1);
});

test('Salesforce hears that its messages are taken in the words that it asks for,', async () => {
  const { status, headers, body } = await post('salesforce-outbound', `?token=${encodeURIComponent(SECRET)}`);
  expect([status, headers['content-type']]).toEqual([200, 'text/xml']);
  expect(body).toContain('<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">');
  expect(body).toContain('<Ack>true</Ack>');
});
