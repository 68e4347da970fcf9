/**
 * The default handler writes each event to the log, in at most so many characters and without credentials. It is wired in
 * config/sources.ts until there is something better to do with an event.
 */
import { excerptOf, redactText } from '../../base/log/redact.ts';
import type { Handle, HandlerOptions } from '../handler.ts';

const DATA_MAX = 500;
/** How much of a body is read for its excerpt. */
const READ_BYTES = 4_096;

const logEvent: Handle = (event, { log }) => {
  log.info(
    {
      type: bounded(event.type),
      externalId: bounded(event.externalId),
      bytes: event.body.length,
      data: excerptOf(event.body.toString('utf8', 0, READ_BYTES), DATA_MAX),
    },
    'event',
  );
};

/** The sender chooses both texts, and their length. */
function bounded(text: string | null): string | null {
  return text === null ? null : redactText(text);
}

export const log: HandlerOptions = { handle: logEvent, concurrency: 256 };
