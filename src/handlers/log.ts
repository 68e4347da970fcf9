/**
 * The default handler: writes each event to the log, credentials redacted, bounded in size. Wired in config/sources.ts
 * until there is something better to do with an event.
 */
import { redactData } from '../observability/redact.ts';
import type { Handle, HandlerOptions } from '../types.ts';

const DATA_MAX = 2_000;

const logEvent: Handle = (event, { log }) => {
  const data = JSON.stringify(redactData(event.data)) ?? '';
  log.info(
    {
      type: event.type,
      externalId: event.externalId,
      bytes: event.body.length,
      data: data.length > DATA_MAX ? `${data.slice(0, DATA_MAX)}…` : data,
    },
    'event',
  );
};

export const log: HandlerOptions = { handle: logEvent, concurrency: 256 };
