/**
 * A body as it is shown: indented, as it came, or as bytes. Made of the bytes and never parsed and written anew, so that a number of
 * twenty digits is what it was. What is shown is cut: a body may be one line of megabytes. Nothing of it is obeyed.
 */
import { jsonStartOf } from '../../base/json-text.ts';
import { closingQuote } from '../../base/json-walk.ts';

export const BODY_FORMS = ['pretty', 'raw', 'hex'] as const;
type BodyForm = (typeof BODY_FORMS)[number];

export interface BodyText {
  readonly form: BodyForm;
  readonly text: string;
  readonly isCut: boolean;
}

const SHOWN_BYTES = 65_536;
const HEX_BYTES = 4_096;
const HEX_ROW = 16;
/** With what stands before the lines. */
const LINES_MOST = 4 * SHOWN_BYTES;
/** Deeper ones begin where this one does. */
const DEPTH_MOST = 40;

/** `start`: the beginning of the body, or the whole; `bytes`: how many it has in all. */
export function bodyText(start: Buffer, bytes: number, form: BodyForm): BodyText {
  if (form === 'hex') return { form, text: hexOf(start.subarray(0, HEX_BYTES)), isCut: bytes > HEX_BYTES };
  const isCut = bytes > Math.min(start.length, SHOWN_BYTES);
  const text = start.subarray(form === 'pretty' ? jsonStartOf(start) : 0, SHOWN_BYTES).toString();
  if (form === 'pretty' && looksLikeJson(text, isCut)) {
    const lines = indented(text);
    return { form, text: lines.slice(0, LINES_MOST), isCut: isCut || lines.length > LINES_MOST };
  }
  return { form: 'raw', text: withSigns(text), isCut };
}

function looksLikeJson(text: string, isCut: boolean): boolean {
  if (isCut) return /^\s*[[{]/.test(text);
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Each member and item on a line of its own. Takes what begins as JSON, wherever it ends. */
function indented(json: string): string {
  const next = /["{}[\],:]|[^\s{}[\],:"]+/g;
  let text = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, DEPTH_MOST))}`;
  for (let found = next.exec(json); found && text.length <= LINES_MOST; found = next.exec(json)) {
    const [token] = found;
    if (token === '"') {
      const quote = closingQuote(json, found.index);
      next.lastIndex = quote < 0 ? json.length : quote + 1;
      text += json.slice(found.index, next.lastIndex);
    } else if (token === '{' || token === '[') {
      depth++;
      text += isClosedAt(json, next.lastIndex) ? token : token + line();
    } else if (token === '}' || token === ']') {
      depth--;
      text += /[{[]$/.test(text) ? token : line() + token;
    } else if (token === ',') text += token + line();
    else text += token === ':' ? ': ' : token;
  }
  return text;
}

function isClosedAt(json: string, from: number): boolean {
  return /^\s*[}\]]/.test(json.slice(from, from + 100));
}

/** Control characters as the signs that stand for them: `␀`, `␍`. */
function withSigns(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : code === 127 ? '␡' : '\uFFFD';
  });
}

/** `00000010  7b 22 …  {"…` */
function hexOf(bytes: Buffer): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_ROW) {
    const row = bytes.subarray(at, at + HEX_ROW);
    const digits = row
      .toString('hex')
      .replace(/../g, '$& ')
      .padEnd(HEX_ROW * 3);
    const shown = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    rows.push(`${at.toString(16).padStart(8, '0')}  ${digits} ${shown}`);
  }
  return rows.join('\n');
}
