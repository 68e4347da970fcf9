/** The inbox thread of a running service dies of something nobody foresaw. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deliver, outcomes, startWired, tell, told, untilOutcome, workOf } from '../harness/deliver.ts';
import { evaluateIn, INSPECTED } from '../harness/inspector.ts';

test('the inbox thread dies: 503 while it is gone, a new one by itself, and work goes on', async () => {
  const service = await startWired({ env: INSPECTED });
  onTestFinished(() => void service.kill('SIGKILL'));
  const before = await tell(service, 'jobs', 'ok');
  await untilOutcome(service, before, 'done');
  const inHand = await tell(service, 'jobs', 'nap', 'ok');
  await evaluateIn(service, 'inbox', "setTimeout(() => { throw new Error('unforeseen') })");
  await service.line(({ msg }) => String(msg).includes('the inbox thread has ended'));
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);

  const during = told('ok');
  const answer = await deliver(service, 'jobs', during);
  expect([200, 503]).toContain(answer.status);

  await service.line(({ msg }) => String(msg).includes('the inbox thread runs again'));
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  const again = await deliver(service, 'jobs', during);
  expect(again.status).toBe(200);
  const after = await tell(service, 'jobs', 'ok');
  for (const id of [inHand, again.id, after]) await untilOutcome(service, id, 'done');
  expect([inHand, again.id, after].flatMap((id) => workOf(service, id))).toEqual([]);
  // Its handler had no part in it: what it was given comes again, and the first time does not count.
  expect(outcomes(service, inHand)).toEqual(['later', 'done']);
  expect(service.events().map(({ held }) => held)).toEqual([null, null, null, null]);
  expect(await service.stop()).toBe(0);
});

test('the inbox thread ends while answers are due: they are 503, and none is forgotten', async () => {
  const service = await startWired({ env: INSPECTED });
  onTestFinished(() => void service.kill('SIGKILL'));
  // It hears nothing until it is to go: what was sent meanwhile waits at its door.
  const go = join(service.folder, 'go');
  const rest = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)';
  const wait = `while (!process.getBuiltinModule('fs').existsSync('${go}')) ${rest};`;
  await evaluateIn(service, 'inbox', `setTimeout(() => { ${wait} process.exit(5); })`);
  const delivered = Promise.all(Array.from({ length: 20 }, () => deliver(service, 'quiet', told())));
  // The edge has met them when it answers one that came later and never gets to the inbox.
  const unsigned = await fetch(`${service.url}/webhooks/quiet`, { method: 'POST', body: '{}' });
  expect(unsigned.status).toBe(401);
  writeFileSync(go, '');
  const answers = await delivered;
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
  expect(service.events()).toEqual([]);
  await service.line(({ msg }) => String(msg).includes('the inbox thread runs again'));
  const id = await tell(service, 'jobs', 'ok');
  await untilOutcome(service, id, 'done');
  expect(service.events()).toHaveLength(1);
  expect(await service.stop()).toBe(0);
});
