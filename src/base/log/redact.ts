/**
 * Makes data and texts that others wrote fit to be shown and logged.
 *
 * Members whose names speak of credentials or cards are replaced, URLs lose their query (Shippo's label_url carries
 * one that opens the label), and everything is bounded in length.
 */
import { closingQuote } from '../json-text.ts';

const SENSITIVE =
  /token|secret|passw|authoriz|(api|private|auth|access)[_-]?key|signature|cookie|credential|session|jwt|^card$|card[_-]?number|cvv|cvc|iban/i;
/** A text with none of these in it has nothing to hide. */
const SUSPICIOUS = /:\/\/|bearer|basic|token|secret|passw|key|signature/i;
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
 * The beginning of a JSON text, about `most` characters, credentials replaced. It reads tokens, not the whole: a body of
 * megabytes costs no more than a small one, and nothing needs to be parsed that nobody asked for.
 */
export function excerptOf(json: string, most: number): string {
  // No expression for a whole text: of one of 24 MB it runs out of stack.
  const next = /["{}[\],]|[^\s{}[\],"]+/g;
  const colon = /\s*:/y;
  let text = '';
  let hiddenDepth = 0;
  let hidesNext = false;
  for (let found = next.exec(json); found; found = next.exec(json)) {
    if (text.length > most) return `${text.slice(0, most)}…`;
    let [token] = found;
    let isName = false;
    if (token === '"') {
      const quote = closingQuote(json, found.index);
      // A string that does not end is not JSON: what stands in it cannot be judged.
      if (quote < 0) return `${text}…`;
      colon.lastIndex = quote + 1;
      isName = colon.test(json);
      next.lastIndex = isName ? colon.lastIndex : quote + 1;
      token = json.slice(found.index, next.lastIndex);
    }
    const opens = token === '{' || token === '[';
    if (hiddenDepth > 0 || (hidesNext && opens)) {
      hiddenDepth += opens ? 1 : token === '}' || token === ']' ? -1 : 0;
      hidesNext = false;
    } else if (isName) {
      hidesNext = isSensitive(token.slice(1, token.lastIndexOf('"')));
      text += hidesNext ? `${token}"${REDACTED}"` : token;
    } else if (hidesNext) hidesNext = false;
    else text += SUSPICIOUS.test(token) || token.length > TEXT_MAX ? redactText(token) : token;
  }
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Takes out control characters, so that a text of a sender's cannot move the cursor in the operator's terminal. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD').slice(0, TEXT_MAX);
}

/** Bounds a text such as an error message, and takes queries of URLs, bearer tokens and named credentials out of it. */
export function redactText(text: string, most = TEXT_MAX): string {
  if (text.length <= most && !SUSPICIOUS.test(text)) return text;
  const safe = text
    .slice(0, most * 4)
    .replace(/(https?:\/\/[^\s?"']+)\?[^\s"']*/gi, `$1?${REDACTED}`)
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`)
    .replace(/\b((?:token|secret|password|api_?key|signature)\s*[=:]\s*)[^\s,;&"']+/gi, `$1${REDACTED}`);
  return safe.length > most ? `${safe.slice(0, most)}…` : safe;
}
