/** The disk under a running service fails, fills or dawdles: 503 or 200, in time, and nothing that was answered is lost. */
import { spawnSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, deliver, startWired, told } from '../harness/deliver.ts';
import type { Service } from '../harness/service.ts';
import { hasStrace, strace } from '../harness/strace.ts';
import { waitFor } from '../harness/waiting.ts';

let service: Service;
const acknowledged = new Map<string, string>();
beforeAll(async () => {
  service = await startWired();
});
afterAll(() => service.stop());
beforeEach(() => acknowledged.clear());

/** Whatever happened in the test: each 200 has its event in the inbox, byte for byte, and the service is well. */
afterEach(async () => {
  await recovered();
  const stored = new Map(service.events().map(({ number, body }) => [number, body.toString()]));
  for (const [id, body] of acknowledged) expect(stored.get(Number.parseInt(id.slice(4), 16))).toBe(body);
});

async function send(): Promise<Answer> {
  const body = told('ok');
  const answer = await deliver(service, 'jobs', body);
  if (answer.status === 200) acknowledged.set(answer.id, body);
  return answer;
}

const ready = async () => (await fetch(`${service.url}/readyz`)).status;

/** Asked while the fault lasts, which goes on until this is answered. */
async function isAlive(): Promise<void> {
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
}

function expectRefusal(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503, retryAfter: '5' });
}

async function recovered(): Promise<void> {
  for (const end = Date.now() + 30_000; (await ready()) !== 200; ) {
    if (Date.now() > end) throw new Error(`not ready again:\n${service.output().slice(-3_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect((await send()).status).toBe(200);
}

/** Every delivery gets a 503 while the fault lasts, which does not end before this does, and the load balancer is told. */
async function refusesForNow(): Promise<void> {
  const before = service.events().length;
  for (const answer of await Promise.all(Array.from({ length: 10 }, send))) expectRefusal(answer);
  expect(await ready()).toBe(503);
  await isAlive();
  expectRefusal(await send());
  expect(service.events()).toHaveLength(before);
}

describe.skipIf(!hasStrace)('system calls that fail (needs strace)', () => {
  const faults = {
    'the disk is full': ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=ENOSPC'],
    'the disk cannot be written': ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=EIO'],
    'a sync fails': ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'],
  };
  for (const [name, args] of Object.entries(faults)) {
    test(`${name}: 503 in time and not ready while it lasts, then everything as before by itself`, async () => {
      expect((await send()).status).toBe(200);
      const fault = await strace(service.pid, '-o', '/dev/null', ...args);
      try {
        await refusesForNow();
      } finally {
        await fault.end();
      }
      await recovered();
    });
  }

  test('a sync that fails now and then costs a 503, never an event', async () => {
    const fault = await strace(
      service.pid,
      ...['-o', '/dev/null', '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO:when=2+3'],
    );
    const answers: Answer[] = [];
    try {
      const statuses = () => new Set(answers.map(({ status }) => status));
      for (const end = Date.now() + 30_000; statuses().size < 2 && Date.now() < end; ) {
        answers.push(...(await Promise.all(Array.from({ length: 4 }, send))));
      }
    } finally {
      await fault.end();
    }
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(acknowledged.size).toBeGreaterThan(0);
  });

  test('a sync that takes a second delays the answer, and nothing else', async () => {
    const args = ['-e', 'trace=fsync', '-e', 'inject=fsync:delay_enter=1000000'];
    const fault = await strace(service.pid, '-o', '/dev/null', ...args);
    try {
      const sending = Promise.all(Array.from({ length: 10 }, send));
      await isAlive();
      for (const { status } of await sending) expect([200, 503]).toContain(status);
    } finally {
      await fault.end();
    }
  });

  test('a sync that hangs is answered with 503 in time, and the event may be sent again', async () => {
    const args = ['-e', 'trace=fsync', '-e', 'inject=fsync:delay_enter=4000000:when=1'];
    const fault = await strace(service.pid, '-o', '/dev/null', ...args);
    const body = told('ok');
    try {
      expectRefusal(await deliver(service, 'jobs', body));
      expect(await ready()).toBe(503);
      await isAlive();
    } finally {
      await fault.end();
    }
    await recovered();
    const again = await deliver(service, 'jobs', body);
    expect(again).toMatchObject({ status: 200, outcome: 'duplicate' });
    acknowledged.set(again.id, body);
  });
});

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
test.skipIf(!hasPrlimit)(
  'files that may not grow (needs prlimit): 503 in time, then as before by itself',
  async () => {
    expect((await send()).status).toBe(200);
    const limit = (bytes: string) =>
      spawnSync('prlimit', ['--pid', String(service.pid), `--fsize=${bytes}:`]);
    limit('1');
    try {
      await refusesForNow();
    } finally {
      limit('unlimited');
    }
    await recovered();
  },
);

describe('another program holds the write lock', () => {
  function lock(): () => void {
    const other = new DatabaseSync(service.inboxPath, { timeout: 5_000 });
    other.exec('BEGIN IMMEDIATE');
    return () => other.close();
  }

  test('for a moment: the answers wait for it', async () => {
    const release = lock();
    let released = false;
    setTimeout(() => {
      released = true;
      release();
    }, 500);
    const waited = await Promise.all(
      Array.from({ length: 10 }, async () => [(await send()).status, released] as const),
    );
    expect(waited).toEqual(waited.map(() => [200, true]));
  });

  test('for long: 503 in time, then as before by itself', async () => {
    const release = lock();
    try {
      await refusesForNow();
    } finally {
      release();
    }
    await recovered();
    await waitFor(
      () => service.sql('SELECT * FROM work').length === 0,
      20_000,
      () => JSON.stringify(service.sql('SELECT * FROM work')),
    );
  });
});
