/**
 * What may be shown of data and texts that we did not write ourselves.
 *
 * Members whose names speak of credentials or cards are replaced, URLs lose their query (Shippo's label_url carries
 * one that opens the label), and everything is bounded in depth and length.
 */
const SENSITIVE =
  /token|secret|passw|authoriz|(api|private|auth|access)[_-]?key|signature|cookie|credential|session|jwt|^card$|card[_-]?number|cvv|cvc|iban/i;
/** Without any of these a text has nothing to hide. */
const SUSPICIOUS = /:\/\/|bearer|basic|token|secret|passw|key|signature/i;
const DEPTH_MAX = 6;
const TEXT_MAX = 200;
export const REDACTED = '[redacted]';

const known = new Map<string, boolean>();
const KNOWN_MAX = 5_000;

export function isSensitive(name: string): boolean {
  let sensitive = known.get(name);
  if (sensitive === undefined) {
    sensitive = SENSITIVE.test(name);
    // Names are a sender's choice: the memory of them is bounded.
    if (known.size < KNOWN_MAX) known.set(name, sensitive);
  }
  return sensitive;
}

/**
 * Parsed JSON as text of about `most` characters, credentials replaced. What would not be shown is not even looked at, so a
 * body of megabytes costs no more than a small one.
 */
export function excerptOf(value: unknown, most: number): string {
  let text = '';
  write(value, 0);
  return text.length > most ? `${text.slice(0, most)}…` : text;

  function write(part: unknown, depth: number): void {
    if (text.length > most) return;
    if (typeof part === 'string') text += JSON.stringify(redactText(part));
    else if (typeof part !== 'object' || part === null) text += String(part);
    else if (depth >= DEPTH_MAX) text += '…';
    else if (Array.isArray(part)) writeArray(part, depth);
    else writeObject(part as Record<string, unknown>, depth);
  }

  function writeArray(entries: readonly unknown[], depth: number): void {
    text += '[';
    for (let at = 0; at < entries.length && text.length <= most; at++) {
      if (at > 0) text += ',';
      write(entries[at], depth + 1);
    }
    text += ']';
  }

  function writeObject(members: Record<string, unknown>, depth: number): void {
    text += '{';
    let comma = '';
    for (const name in members) {
      if (text.length > most) break;
      text += `${comma}${JSON.stringify(name)}:`;
      comma = ',';
      if (isSensitive(name)) text += JSON.stringify(REDACTED);
      else write(members[name], depth + 1);
    }
    text += '}';
  }
}

/** A text of somebody else's, an error message say: bounded, URLs without their query, no bearer tokens. */
export function redactText(text: string, most = TEXT_MAX): string {
  if (text.length <= most && !SUSPICIOUS.test(text)) return text;
  const safe = text
    .slice(0, most * 4)
    .replace(/(https?:\/\/[^\s?"']+)\?[^\s"']*/gi, `$1?${REDACTED}`)
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`)
    .replace(/\b((?:token|secret|password|api_?key|signature)\s*[=:]\s*)[^\s,;&"']+/gi, `$1${REDACTED}`);
  return safe.length > most ? `${safe.slice(0, most)}…` : safe;
}
