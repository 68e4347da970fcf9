/**
 * What may be shown of data and texts that we did not write ourselves.
 *
 * Members whose names speak of credentials or cards are replaced, URLs lose their query (Shippo's label_url carries
 * one that opens the label), and everything is bounded in depth, width and length.
 */
const SENSITIVE =
  /token|secret|passw|authoriz|(api|private|auth|access)[_-]?key|signature|cookie|credential|session|jwt|^card$|card[_-]?number|cvv|cvc|iban/i;
/** Without any of these a text has nothing to hide. */
const SUSPICIOUS = /:\/\/|bearer|basic|token|secret|passw|key|signature/i;
const DEPTH_MAX = 6;
const ENTRIES_MAX = 40;
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

/** A bounded copy of parsed JSON with credentials replaced. */
export function redactData(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '[…]';
  if (Array.isArray(value)) {
    const shown = value.slice(0, ENTRIES_MAX).map((entry) => redactData(entry, depth + 1));
    return value.length > ENTRIES_MAX ? [...shown, `[… ${value.length - ENTRIES_MAX} more]`] : shown;
  }
  const copy: Record<string, unknown> = Object.create(null);
  let entries = 0;
  for (const name of Object.keys(value)) {
    if (entries++ === ENTRIES_MAX) break;
    const member = (value as Record<string, unknown>)[name];
    copy[name] = isSensitive(name) ? REDACTED : redactData(member, depth + 1);
  }
  return copy;
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
