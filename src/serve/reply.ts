/** How the edge asks a source's `reply` function, which runs in the handlers' thread. */
import type { Supervisor } from '../deliver/dispatch/supervisor.ts';
import { numberOf } from '../inbox/event-id.ts';
import { readContent } from '../inbox/identity.ts';
import type { SourceConfig } from './config/source.ts';
import type { ReplyOptions } from './http/receive.ts';

/** The function sees what a handler would see: the body is read here once more, since what was stored is in the inbox. */
export function replyOf({ name, preset }: SourceConfig, supervisor: Supervisor): ReplyOptions {
  return {
    withinMs: preset.replyWithinMs,
    ask(arrival, kept, withinMs) {
      const { isJson, type, externalId, stored: body } = readContent(name, preset, arrival.body);
      if (!isJson) return Promise.resolve({ outcome: 'none' });
      const event = numberOf(kept.id) as number;
      const { receivedAt, headers } = arrival;
      const about = { event, id: kept.id, handler: `${name}/reply`, attempt: 1, type, externalId };
      return supervisor.ask({ ...about, receivedAt, headers, body }, withinMs);
    },
  };
}
