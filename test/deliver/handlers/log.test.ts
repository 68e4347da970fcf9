/** What the default handler writes of an event. */
import { expect, test } from 'vitest';
import type { HandlerContext } from '../../../src/deliver/handler.ts';
import { log } from '../../../src/deliver/handlers/log.ts';
import { eventFrom, tryHandler } from '../../../src/deliver/testing.ts';
import { flintn } from '../../../src/verify/presets/flintn/preset.ts';

const BODY = { event_id: 'e-1', event_type: 'SETTLED', data: { name: 'a customer', card: '4111' } };
const event = eventFrom(flintn, BODY);
const known = { type: 'SETTLED', externalId: 'e-1', bytes: JSON.stringify(BODY).length };

test('in development the beginning of the body, without credentials', async () => {
  const { lines } = await tryHandler(log, event);
  expect(lines).toEqual([expect.objectContaining({ ...known, message: 'event' })]);
  expect(lines[0]?.data).toContain('a customer');
  expect(lines[0]?.data).not.toContain('4111');
});

test('elsewhere nothing of the body but its size, its type and its id', async () => {
  const lines: object[] = [];
  const note = (fields: object) => void lines.push(fields);
  const context: HandlerContext = {
    log: { debug: note, info: note, warn: note, error: note },
    development: false,
    signal: new AbortController().signal,
    record: () => {},
  };
  await log.handle(event, context);
  expect(lines).toEqual([known]);
});
