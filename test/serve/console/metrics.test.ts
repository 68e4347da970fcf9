/** The metrics of an inbox that does not answer. */
import { expect, test } from 'vitest';
import type { Inbox, InboxStatus } from '../../../src/inbox/contract.ts';
import { createMetrics } from '../../../src/serve/console/metrics.ts';

const WELL: InboxStatus = {
  inbox: 'x',
  backlog: [{ handler: 'one/a', state: 'pending', count: 7 }],
  oldestPendingAt: Date.now() - 5_000,
  resting: ['one/a'],
};

function inboxThat(takesWrites: boolean, status: () => Promise<InboxStatus>): Inbox {
  return { takesWrites: () => takesWrites, status } as Inbox;
}

test('without its status there is still everything else, and nothing old', async () => {
  const metrics = createMetrics({ bytesInFlight: () => 3, alarms: () => [], uses: () => [] });
  const { text: well } = await metrics.render(inboxThat(true, async () => WELL));
  expect(well).toContain('consignee_backlog_events{handler="one/a",state="pending"} 7');
  expect(well).toMatch(/^consignee_oldest_pending_seconds 5/m);
  const { text } = await metrics.render(
    inboxThat(false, () => Promise.reject(new Error('the database is away'))),
  );
  expect(text).toContain('consignee_inbox_takes_writes 0');
  expect(text).toContain('consignee_bytes_in_flight 3');
  expect(text).not.toMatch(/^consignee_(backlog_events|oldest_pending_seconds|handler_resting)[ {]/m);
  const { text: again } = await metrics.render(inboxThat(true, async () => WELL));
  expect(again).toContain('consignee_backlog_events{handler="one/a",state="pending"} 7');
});
