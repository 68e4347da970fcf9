/**
 * Keeps the end of a program's output, which says best what went wrong, in a bounded number of bytes.
 *
 * Standard output and error are kept together, in the order in which they arrive. Any bytes are fine: colours are taken out,
 * bytes that are not text become U+FFFD, and credentials are replaced before anything is cut.
 */
import { stripVTControlCharacters } from 'node:util';
import { REDACTED, redactText } from '../../../base/log/redact.ts';

const KEPT_BYTES = 8_192;
/** The inbox keeps the first 1,000 characters of an attempt's output. */
const SHOWN_MAX = 900;
const CONTROL = /[^\P{Cc}\n\t]/gu;

export class OutputTail {
  #kept = Buffer.alloc(0);
  #isCut = false;

  add(bytes: Buffer): void {
    const all = Buffer.concat([this.#kept, bytes.subarray(-KEPT_BYTES)]);
    this.#isCut ||= this.#kept.length + bytes.length > KEPT_BYTES;
    // A copy, because a view would keep the whole buffer alive.
    this.#kept = Buffer.from(all.subarray(-KEPT_BYTES));
  }

  /** `secrets` are what the program was given and must not print. */
  text(secrets: readonly string[]): string {
    const raw = stripVTControlCharacters(this.#kept.toString('utf8')).replaceAll('\r\n', '\n');
    const safe = secrets.reduce((text, secret) => text.replaceAll(secret, REDACTED), raw);
    const text = redactText(safe.replace(CONTROL, '\uFFFD'), safe.length * 2).trimEnd();
    return this.#isCut || text.length > SHOWN_MAX ? `…${text.slice(-SHOWN_MAX)}` : text;
  }
}
