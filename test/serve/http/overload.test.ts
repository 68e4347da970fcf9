/** Too many bytes in flight: some are asked to come back later, and nobody's event is lost or half kept. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import {
  ask,
  bodyOf,
  bytesOf,
  expectRefusal,
  FLEXPORT,
  metric,
  openWire,
  signed,
} from '../../harness/wire.ts';

let service: RunningService;
beforeAll(async () => {
  service = await openService({
    knobs: { bytesInFlightMax: 10_000, retryAfterSeconds: 7 },
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET },
  });
});
afterAll(() => service.stop());

const IN_FLIGHT = 'consignee_bytes_in_flight';

async function reaches(bytes: number): Promise<void> {
  await expect.poll(() => metric(service, IN_FLIGHT)).toBe(bytes);
}

test('while the bytes in flight are at their limit others get 503 and Retry-After, then all goes on', async () => {
  const body = JSON.stringify({ id: 'held-up', filler: 'x'.repeat(9_960) }).padEnd(10_001);
  const slow = await openWire(service.port);
  const bytes = signed(SECRET, body);
  slow.write(bytes.slice(0, -body.length + 10_000));
  await reaches(10_000);

  const refused = await ask(service.port, signed(SECRET, bodyOf('turned-away')));
  await expectRefusal(service, refused, [503, 'overloaded'], 0);
  expect(refused.headers['retry-after']).toBe('7');
  expect((await ask(service.port, bytesOf('GET', '/healthz'))).status).toBe(200);
  expect((await ask(service.port, bytesOf('GET', '/readyz'))).status).toBe(200);

  // The last byte is one too many.
  slow.write(bytes.slice(-1));
  const answer = await slow.answer();
  await expectRefusal(service, answer, [503, 'overloaded'], 0);
  expect(answer.headers['retry-after']).toBe('7');
  slow.close();
  await reaches(0);

  expect((await ask(service.port, signed(SECRET, bodyOf('turned-away')))).status).toBe(200);
  expect(service.events().map((event) => event.external_id)).toEqual(['turned-away']);
});

test('an overload is told before anything is said about the request', async () => {
  const held = service.events().length;
  const slow = await openWire(service.port);
  slow.write(signed(SECRET, 'y'.repeat(10_000)).slice(0, -1));
  slow.write('y');
  await slow.answer();
  slow.close();
  await reaches(0);
  const heldNow = service.events().length;
  expect(heldNow).toBe(held + 1);

  const hog = await openWire(service.port);
  hog.write(signed(SECRET, 'z'.repeat(10_001)).slice(0, -1));
  await reaches(10_000);
  await expectRefusal(
    service,
    await ask(service.port, bytesOf('POST', FLEXPORT)),
    [503, 'overloaded'],
    heldNow,
  );
  expect((await ask(service.port, bytesOf('GET', FLEXPORT))).status).toBe(405);
  hog.close();
  await reaches(0);
  expect(service.events()).toHaveLength(heldNow);
});

test('bytes of refused and broken requests are given back', async () => {
  const held = service.events().length;
  for (let nth = 0; nth < 20; nth++) {
    const wrong = signed(
      'not the secret that is expected here',
      JSON.stringify({ id: nth, a: 'a'.repeat(3_000) }),
    );
    expect((await ask(service.port, wrong)).status).toBe(401);
    const wire = await openWire(service.port);
    wire.write(signed(SECRET, 'q'.repeat(4_000)).slice(0, -1_000));
    wire.socket.resetAndDestroy();
  }
  await reaches(0);
  expect(service.events()).toHaveLength(held);
});
