import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRET, type Service, startService } from './service.ts';
import { flexportHeaders } from './signing.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

test('a signed delivery is answered with 200 and is in the inbox, byte for byte', async () => {
  const body = '{ "id": 1, "type": "/shipment#created" }\n';
  const response = await fetch(`${service.url}/webhooks/flexport?x=1`, {
    method: 'POST',
    headers: flexportHeaders(SECRET, body),
    body,
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: 'accepted',
    id: expect.stringMatching(/^evt_[0-9a-f]{14}$/),
  });
  expect(service.events().map((event) => event.body.toString())).toEqual([body]);
  await service.line((line) => line.outcome === 'done');
});
