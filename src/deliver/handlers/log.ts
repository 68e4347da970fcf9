/**
 * The default handler writes each event to the log, in at most so many characters and without credentials. It is wired in
 * config/sources.ts until there is something better to do with an event.
 */
import { excerptOf, redactText } from '../../base/log/redact.ts';
import type { HandlerOptions } from '../handler.ts';

const DATA_MAX = 500;
/** How much of a body is read for its excerpt. */
const READ_BYTES = 4_096;

export const log: HandlerOptions = {
  handle({ type, externalId, body }, context) {
    const data = excerptOf(body.toString('utf8', 0, READ_BYTES), DATA_MAX);
    // The sender chooses both texts, and their length.
    const texts = { type: type && redactText(type), externalId: externalId && redactText(externalId) };
    context.log.info({ ...texts, bytes: body.length, data }, 'event');
  },
  concurrency: 256,
};
