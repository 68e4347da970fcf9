/** Threads are replaced in peace: the environment has changed, or a handler takes its time and others must not wait for it. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KNOBS, outcomes, seen, startWired, tell, untilOutcome, workOf } from '../../harness/deliver.ts';
import type { Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

let service: Service;
beforeAll(async () => {
  const handler = { timeLimitMs: 60_000, concurrency: 8, maxAttempts: 3 };
  service = await startWired({ args: ['--dev'], knobs: { ...KNOBS, handler } });
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

const untilSaid = (words: string) => waitFor(() => service.output().includes(words), 20_000, service.output);

test('a saved .env reaches handlers, and what runs meanwhile ends in peace', async () => {
  const before = await tell(service, 'jobs', 'nap');
  await waitFor(() => seen(service, before).length > 0, 20_000, service.output);
  appendFileSync(join(service.folder, '.env'), '\nTOLD=something new\n');
  await untilSaid('handlers run with the changed environment');
  const after = await tell(service, 'jobs', 'ok');
  for (const id of [before, after]) await untilOutcome(service, id, 'done');
  expect([before, after].map((id) => seen(service, id).at(-1)?.told)).toEqual([undefined, 'something new']);
  expect(outcomes(service, before)).toEqual(['done']);
});

test('others do not wait until a handler that never yields has used up its time', async () => {
  const guilty = await tell(service, 'few', 'block');
  await untilOutcome(service, await tell(service, 'jobs', 'ok'), 'done');
  await untilSaid('it has kept the thread busy that it shares with others');
  expect(workOf(service, guilty)).toEqual([{ handler: 'few/work', state: 'handling', attempts: 1 }]);
  // In its own thread, although the first one is still busy.
  await untilOutcome(service, await tell(service, 'few', 'ok'), 'done');
});
