/**
 * A request that somebody has captured, read from a file: a raw HTTP message, a command of curl, or an archive of a browser (HAR),
 * each known by what it looks like. Bytes stay as they are: text is read as Latin-1. What is none of the three is refused with an
 * Error that says so, without what stands there. No command is run. Used by detect.ts.
 */
import { readOpen, readSmallFile } from '../../base/settings/small-file.ts';

const FILE_BYTES_MOST = 32_000_000;

export interface Captured {
  /** Undefined if the capture does not tell. */
  readonly url: string | undefined;
  /** Names and values by turns. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export function readCaptured(bytes: Buffer): Captured {
  const text = bytes.toString('latin1').replace(/^(\u00ef\u00bb\u00bf)?\s*/, '');
  const read = text.startsWith('{') ? fromArchive : /^(\$ )?curl\s/.test(text) ? fromCurl : fromMessage;
  const { url, lines, body } = read(text);
  const pairs = lines.map((line) => line.split(/:(.*)/s, 2).map((part) => part.trim()));
  const rawHeaders = pairs.filter(([name, value]) => name && value !== undefined).flat();
  return { url, rawHeaders, body: Buffer.from(body, 'latin1') };
}

/** A regular file, or what is open as 0. `what`: the words for it in the Error, since a path may have been captured, too. */
export function readNamed(path: string | 0, what = path): Buffer {
  try {
    return path === 0 ? readOpen(path, FILE_BYTES_MOST) : readSmallFile(path, FILE_BYTES_MOST);
  } catch (error) {
    throw new Error(`${what} cannot be read: ${(error as Error).message}`);
  }
}

const MESSAGE = /^(?:[A-Z]+ (\S+) HTTP\/[\d.]+\r?\n|(?=[\w-]+:))((?:[\w!#$%&'*+.^`|~-]+:[^\n]*\n)*)\r?\n/;

function fromMessage(text: string) {
  const [head, target, headers = ''] = MESSAGE.exec(text) ?? [];
  if (head === undefined)
    throw new Error('the request is no HTTP message with its headers, no curl command and no HAR file');
  const [, host = 'localhost'] = /^host: *(\S+)/im.exec(headers) ?? [];
  const rest = text.slice(head.length);
  const body = /^transfer-encoding:/im.test(headers) ? joinChunks(rest) : rest;
  return { url: target?.replace(/^(?=\/)/, `https://${host}`), lines: headers.split('\n'), body };
}

/** What is not in chunks, since something has joined them, stays as it is. */
function joinChunks(text: string): string {
  const chunk = /(?:\r?\n)?([\da-f]+)[^\n]*\n/iy;
  let joined = '';
  for (let size = 1; size > 0; chunk.lastIndex += size) {
    size = Number.parseInt(chunk.exec(text)?.[1] ?? '', 16);
    if (!(chunk.lastIndex + size <= text.length)) return text;
    joined += text.slice(chunk.lastIndex, chunk.lastIndex + size);
  }
  return joined;
}

type Header = { readonly name: string; readonly value: string };
type PostData = { text: string; encoding?: BufferEncoding };
type Posted = { method: string; url: string; headers: readonly Header[]; postData: PostData };
type Archive = { log: { entries: { request: Posted }[] } };

/** Of several requests the last one that was posted. */
function fromArchive(latin1: string) {
  try {
    const { log } = JSON.parse(Buffer.from(latin1, 'latin1').toString()) as Archive;
    const posted = log.entries.findLast(({ request }) => request.method === 'POST')?.request as Posted;
    const body = Buffer.from(posted.postData.text, posted.postData.encoding).toString('latin1');
    return { url: posted.url, lines: posted.headers.map(({ name, value }) => `${name}: ${value}`), body };
  } catch {
    // The message of JSON.parse shows some of the text.
    throw new Error('the request begins like a HAR file, and is no JSON, or has no POST request with a body');
  }
}

/** An option whose value is wanted, or might be taken for the URL, and what is written to it without a blank. */
const OPTION = /^(-[Hduex]|--(?:header|user|json|proxy|referer|data[\w-]*)$)(.*)/s;

function fromCurl(text: string) {
  const words = shellWords(text.trim());
  let url: string | undefined;
  const [lines, data]: [string[], string[]] = [[], []];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, option = '', attached] = OPTION.exec(word) ?? [];
    const value = (option && (attached || words.shift())) ?? '';
    if (option === '' && /^https?:\/\//.test(word)) url ??= word;
    if (/^--?h/i.test(option)) lines.push(value);
    if (/^--?u/.test(option)) lines.push(`Authorization: Basic ${btoa(value)}`);
    if (/^--?[dj]/.test(option)) data.push(curlData(option, value));
  }
  if (data.length === 0) throw new Error('the curl command has no body, as in --data-binary @FILE');
  return { url, lines, body: data.join('&') };
}

/** As curl reads it: `-d` takes line breaks out of a file. */
function curlData(option: string, value: string): string {
  if (option === '--data-urlencode')
    throw new Error('--data-urlencode: write --data-binary, whose bytes are exact');
  if (option === '--data-raw' || !value.startsWith('@')) return value;
  const text = readNamed(value.slice(1), 'what the curl command names behind @').toString('latin1');
  return /binary|json/.test(option) ? text : text.replace(/[\r\n\0]/g, '');
}

/** In the order of the groups: `$'…'`, `"…"`, blanks between words, `'…'`, a letter behind `\`, and what is bare. */
const PIECES =
  /\$'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\s(?:\s|\\\r?\n)*)|'([^']*)'|\\(?:\r?\n|(.))|([^\s'"\\$]+|.)/gs;
const ESCAPES = /((?:\\u[\da-f]{4})+)|\\(?:x([\da-f]{1,2})|([0-7]{1,3})|([\s\S]))/gi;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
/** None of Latin-1. */
const BREAK = '\uffff';

/** As a shell would read them, without what it would run or put in. */
function shellWords(text: string): string[] {
  const pieces = text.matchAll(PIECES).map(([, ansi, double, blank, ...plain]) => {
    if (blank !== undefined) return BREAK;
    const quoted = ansi?.replace(ESCAPES, readEscape) ?? double?.replace(/\\(?:([$`"\\])|\r?\n)/g, '$1');
    return quoted ?? plain.join('');
  });
  return [...pieces].join('').split(BREAK);
}

function readEscape(_all: string, unicode?: string, hex?: string, octal = '', letter = ''): string {
  if (unicode) return Buffer.from(JSON.parse(`"${unicode}"`)).toString('latin1');
  if (hex || octal) return String.fromCharCode(Number.parseInt(hex || octal, hex ? 16 : 8));
  return LETTERS[letter] ?? letter;
}
