/** Who becomes known: whoever brings something genuine that is new, and nobody who repeats what another one sent. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { ask, bodyOf, signed } from '../../harness/wire.ts';

test('a delivery that was caught and is sent again makes its thief no known sender', async () => {
  const service = await openService({
    env: { FLEXPORT_WEBHOOK_SECRET: SECRET, TRUST_PROXY: 'loopback' },
  });
  const send = async (id: string, from: string) => {
    const answer = await ask(service.port, signed(SECRET, bodyOf(id), { 'X-Forwarded-For': from }));
    return [answer.status, JSON.parse(answer.body).status];
  };
  const proven = () => {
    const store = new DatabaseSync(`${service.inboxPath}-refused`, { readOnly: true });
    const rows = store.prepare('SELECT network FROM proven ORDER BY network').all();
    store.close();
    return rows.map(({ network }) => network);
  };
  try {
    expect(await send('caught', '203.0.113.1')).toEqual([200, 'accepted']);
    expect(await send('caught', '198.51.100.9')).toEqual([200, 'duplicate']);
    expect(await send('another', '203.0.113.2')).toEqual([200, 'accepted']);
    await expect.poll(proven).toContain('203.0.113.2');
    expect(proven()).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(service.events()).toHaveLength(2);
  } finally {
    await service.stop();
  }
});
