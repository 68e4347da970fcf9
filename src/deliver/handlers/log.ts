/**
 * The default handler writes to the log that an event came, and what it is. In development it shows the beginning of the body
 * too, without credentials; elsewhere logs have other readers than the inbox, and bodies hold what customers entrusted. It is
 * wired in config/sources.ts until there is something better to do with an event.
 */
import { excerptOf, redactText } from '../../base/log/redact.ts';
import type { HandlerOptions } from '../handler.ts';

const DATA_MAX = 500;
/** How much of a body is read for its excerpt. */
const READ_BYTES = 4_096;

/** A handler that writes one line for each event: its type, its id and its size; with --dev the beginning of its body. */
export const log: HandlerOptions = {
  handle({ type, externalId, body }, { log: line, development }) {
    // The sender chooses both texts, and their length.
    const texts = { type: type && redactText(type), externalId: externalId && redactText(externalId) };
    const shown = development && { data: excerptOf(body.toString('utf8', 0, READ_BYTES), DATA_MAX) };
    line.info({ ...texts, bytes: body.length, ...shown }, 'event');
  },
  concurrency: 256,
};
