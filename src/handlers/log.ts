/**
 * The default handler: writes each event to the log, credentials redacted, bounded in size. Wired in config/sources.ts
 * until there is something better to do with an event.
 */
import { redactData, redactText } from '../observability/redact.ts';
import type { Handle, HandlerOptions } from '../types.ts';

/** A line stays under the 4,096 bytes that a pipe takes in one piece, whatever its alphabet. */
const DATA_MAX = 1_000;

const logEvent: Handle = (event, { log }) => {
  const data = JSON.stringify(redactData(event.data)) ?? '';
  log.info(
    {
      type: bounded(event.type),
      externalId: bounded(event.externalId),
      bytes: event.body.length,
      data: data.length > DATA_MAX ? `${data.slice(0, DATA_MAX)}…` : data,
    },
    'event',
  );
};

/** Both are texts of the sender's, of any length. */
function bounded(text: string | null): string | null {
  return text === null ? null : redactText(text);
}

export const log: HandlerOptions = { handle: logEvent, concurrency: 256 };
