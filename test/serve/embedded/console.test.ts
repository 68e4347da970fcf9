/** The console as a part of somebody's Express application: at a path of its own, for whom the application lets in. */
import { createHmac } from 'node:crypto';
import { consoleRouter, mount } from 'consignee/express';
import express, { type Request } from 'express';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SECRET } from '../../harness/project.ts';
import { type Host, makeHost } from './host.ts';

const BODY = '{"id":7,"type":"/shipment#created"}';

let host: Host;
let base: string;
beforeEach(async () => {
  host = makeHost();
  const app = express();
  app.use(mount(host.consignee));
  // Its forms are read, whoever has parsed before.
  app.use(express.json(), express.urlencoded());
  const access = ({ headers }: Request) =>
    headers['x-user'] === 'anna'
      ? ({ may: 'act', who: 'anna' } as const)
      : headers['x-user']
        ? 'read'
        : 'none';
  app.use('/ops/webhooks', consoleRouter(host.consignee, { access }));
  base = `http://127.0.0.1:${await host.serve(app)}`;
});
afterEach(() => host.remove());

const at = (path: string, user?: string, init: RequestInit = {}) =>
  fetch(`${base}/ops/webhooks${path}`, {
    redirect: 'manual',
    ...init,
    headers: { ...(user && { 'x-user': user }), 'sec-fetch-site': 'same-origin', ...init.headers },
  });
const asPage = { headers: { accept: 'text/html' } };

async function deliver(): Promise<string> {
  const signature = `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`;
  const response = await fetch(`${base}/webhooks/flexport`, {
    method: 'POST',
    headers: { 'X-Hub-Signature-256': signature },
    body: BODY,
  });
  return ((await response.json()) as { id: string }).id;
}

test('it answers 503 until the service has started, and once it has stopped', async () => {
  expect((await at('/', 'anna')).status).toBe(503);
  await host.consignee.start();
  expect((await at('/', 'anna')).status).toBe(200);
  await host.consignee.stop({ delayMs: 0, graceMs: 1_000 });
  expect((await at('/', 'anna')).status).toBe(503);
});

test('the application says who may look, and who may act; the name is in the record', async () => {
  await host.consignee.start();
  const id = await deliver();
  expect(host.bodies()).toEqual([BODY]);
  expect((await at('/events')).status).toBe(403);
  expect((await at('/events', undefined, asPage)).status).toBe(403);
  const page = await at(`/events/${id}`, 'ben', asPage);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(id)]);

  const pause = new URLSearchParams({ inbox: '', verb: 'pause', name: 'flexport/orders', reason: 'a look' });
  const { inbox } = (await (await at('/status', 'anna')).json()) as { inbox: string };
  pause.set('inbox', inbox);
  const order = (user: string) => at('/pauses', user, { method: 'POST', body: pause, ...asPage });
  expect((await order('ben')).status).toBe(403);
  expect((await order('anna')).status).toBe(303);
  expect(await host.consignee.events.actions()).toMatchObject([{ verb: 'pause', who: 'anna' }]);
});

test('without access it is not made', () => {
  expect(() => consoleRouter(host.consignee, {} as never)).toThrow(TypeError);
});
