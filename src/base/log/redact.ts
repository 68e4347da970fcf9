/**
 * Makes data and texts that others wrote fit to be shown and logged.
 *
 * Members whose names speak of credentials or cards are replaced, URLs lose their query (Shippo's label_url carries
 * one that opens the label), and everything is bounded in length.
 */
import { closingQuote } from '../json-walk.ts';
import { visible } from './visible.ts';

const SENSITIVE =
  /token|secret|passw|authoriz|(api|private|auth|access)[_-]?key|signature|cookie|credential|session|jwt|^card$|card[_-]?number|cvv|cvc|iban/i;
/** A text with none of these in it has nothing to hide. */
const SUSPICIOUS = new RegExp(`${SENSITIVE.source}|:\\/\\/|bearer|basic|key|pwd|card|eyJ|whsec_`, 'i');
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

/** In one line and cut short, so that a text of a sender's cannot move the cursor in the operator's terminal. */
export function clean(text: string): string {
  return visible(text.slice(0, TEXT_MAX));
}

/** What speaks of a credential in running text, and what is left of it. One after the other: the first know most exactly where it ends. */
const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  // Up to the last @: a password that was not encoded may hold anything, and such a URL is what errors are about.
  [/\b([a-z][a-z\d+.-]{0,20}:\/\/)[^\s"'<>]{0,300}@/gi, `$1${REDACTED}@`],
  [/\b([a-z][a-z\d+.-]{0,20}:\/\/[^\s?"']{1,1000})\?[^\s"']*/gi, `$1?${REDACTED}`],
  [/(?<!["'\w-])((?:proxy-)?authorization|(?:set-)?cookie)(\s*[=:]\s*)[^\n]*/gi, `$1$2${REDACTED}`],
  // Not of "a bearer token" or "a basic plan": there a credential is long, or has more than letters.
  [
    /\b(Bearer)\s+(?!(?:tokens?|auth\w*|schemes?|headers?|credentials?|secrets?|realm|is|was)\b)[\w.~+/=-]+/gi,
    `$1 ${REDACTED}`,
  ],
  [/\b(Basic)\s+(?=[a-z]*[\d._~+/=-]|[a-z]{16})[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [
    /((?:token|secret|passw(?:or)?d|pwd|api[_-]?key|signature|jwt)[\w-]{0,40}\s*[=:]\s*)(?:"[^"]*"?|'[^']*'?|[^\s,;&"'\\]+)/gi,
    `$1${REDACTED}`,
  ],
  [/\b(?:eyJ[\w-]+\.[\w-]+\.[\w-]*|whsec_[\w+/=]+)/g, REDACTED],
];

/** A member of JSON, perhaps of JSON inside a text of JSON. A value with members of its own goes to the end: it may hold anything. */
const MEMBER =
  /(\\*["'])([^"'\\\s]{1,100})\1(\s*:\s*)(?:\\+"(?:(?!\\+")[\s\S])*(?:\\+")?|"(?:[^"\\]|\\.)*"?|'[^']*'?|[[{][\s\S]*|[^\s,}\]"']+)/g;

/** Bounds a text such as an error message, and takes out of it what is a credential by its form or by the name before it. */
export function redactText(text: string, most = TEXT_MAX): string {
  if (text.length <= most && !SUSPICIOUS.test(text)) return text;
  let safe = text.slice(0, most * 4).replace(MEMBER, (member, quote: string, name: string, colon: string) => {
    return isSensitive(name) ? `${quote}${name}${quote}${colon}${quote}${REDACTED}${quote}` : member;
  });
  for (const [credential, rest] of CREDENTIALS) safe = safe.replace(credential, rest);
  return safe.length > most ? `${safe.slice(0, most)}…` : safe;
}
