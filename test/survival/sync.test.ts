/** Before an answer goes out, what it stands for is on disk: read from the order of the system calls. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deliver, startWired, told } from '../harness/deliver.ts';
import { hasStrace, strace } from '../harness/strace.ts';

type Call = 'log written' | 'log synced' | 'answered';

/** The calls that matter, in the order in which they took effect: writes when they began, syncs when they had succeeded. */
function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const syncing = new Map<string, boolean>();
  for (const line of trace.split('\n')) {
    const thread = line.slice(0, line.indexOf(' '));
    if (/ pwrite64\(\d+<[^>]*-wal>/.test(line)) calls.push('log written');
    else if (/ (fsync|fdatasync)\(\d+<[^>]*-wal>/.test(line)) {
      if (/\)\s+= 0$/.test(line)) calls.push('log synced');
      else syncing.set(thread, line.includes('unfinished'));
    } else if (/<\.\.\. (fsync|fdatasync) resumed>\)\s+= 0$/.test(line) && syncing.get(thread)) {
      calls.push('log synced');
      syncing.delete(thread);
    } else if (/ (write|writev|sendto|sendmsg)\(.*HTTP\/1\.1 200/.test(line)) calls.push('answered');
  }
  return calls;
}

test.skipIf(!hasStrace)(
  'between the last write to the log and each 200 there is a sync that succeeded (needs strace)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
    const service = await startWired({ folder });
    onTestFinished(async () => {
      await service.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
    const file = join(folder, 'trace');
    const calls = 'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg';
    const tracing = await strace(service.pid, '-y', '-s', '40', '-o', file, '-e', calls);
    const answers: number[] = [];
    // One by one, so that the log's writes before an answer are those it stands for; nobody handles `quiet`.
    for (let count = 0; count < 40; count++) answers.push((await deliver(service, 'quiet', told())).status);
    await tracing.end();
    expect(answers).toEqual(answers.map(() => 200));
    expect(service.events()).toHaveLength(40);

    const order = callsIn(readFileSync(file, 'utf8'));
    expect(order.filter((call) => call === 'answered')).toHaveLength(40);
    const between = order.join(', ').split('answered').slice(0, -1);
    for (const calls of between) {
      const written = calls.indexOf('log written');
      expect(written).toBeGreaterThanOrEqual(0);
      expect(calls.lastIndexOf('log synced')).toBeGreaterThan(written);
    }
    // The service writes for itself as well, search keys and counts, also after an event's sync: but not beside most of them.
    const isLast = (calls: string) => calls.lastIndexOf('log synced') > calls.lastIndexOf('log written');
    expect(between.filter(isLast).length).toBeGreaterThan(between.length / 2);
  },
);
