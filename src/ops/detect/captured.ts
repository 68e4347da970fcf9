/**
 * A request that somebody has captured, read from a file: a raw HTTP message, a command of curl, or an archive of a browser (HAR),
 * each known by what it looks like. Bytes stay as they are: text is read as Latin-1. What is none of the three is refused with an
 * Error that says so. Used by detect.ts.
 */
import { readFileSync } from 'node:fs';
import { headerLines } from '../../verify/verifier.ts';

export interface Captured {
  readonly kind: 'HTTP message' | 'curl command' | 'HAR file';
  /** Undefined if the capture does not tell. */
  readonly url: string | undefined;
  /** Names and values by turns. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

const LATIN1 = 'latin1';

export function readCaptured(bytes: Buffer): Captured {
  const text = bytes.toString(LATIN1).replace(/^\u00ef\u00bb\u00bf/, '');
  if (/^\s*(\$ )?curl\s/.test(text)) return fromCurl(text);
  return /^\s*\{/.test(text) ? fromArchive(bytes) : fromMessage(text);
}

const MESSAGE = /^\s*(?:[A-Z]+ (\S+) HTTP\/[\d.]+\r?\n|(?=[\w-]+:))((?:[\w!#$%&'*+.^`|~-]+:[^\n]*\n)*)\r?\n/;

function fromMessage(text: string): Captured {
  const [head, target, lines = ''] = MESSAGE.exec(text) ?? [];
  if (head === undefined)
    throw new Error('the request is no HTTP message with its headers, no curl command and no HAR file');
  const rawHeaders = lines.split('\n').slice(0, -1).flatMap(nameAndValue);
  const [host = 'localhost'] = headerLines(rawHeaders, 'host');
  const isChunked = headerLines(rawHeaders, 'transfer-encoding').length > 0;
  const rest = text.slice(head.length);
  const body = Buffer.from(isChunked ? joinChunks(rest) : rest, LATIN1);
  return { kind: 'HTTP message', url: target?.replace(/^(?=\/)/, `https://${host}`), rawHeaders, body };
}

function nameAndValue(line: string): [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trim()];
}

/** What is not in chunks, since something has joined them, stays as it is. */
function joinChunks(text: string): string {
  let joined = '';
  for (let at = 0; ; ) {
    const [line, digits = ''] = /^(?:\r?\n)?([\da-f]+)[^\n]*\n/i.exec(text.slice(at)) ?? [];
    const size = Number.parseInt(digits, 16);
    if (line === undefined || text.length < at + line.length + size) return text;
    if (size === 0) return joined;
    joined += text.slice(at + line.length, at + line.length + size);
    at += line.length + size;
  }
}

interface Archived {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly postData?: { readonly text?: string; readonly encoding?: string };
}

/** Of several requests the last one that was posted. */
function fromArchive(bytes: Buffer): Captured {
  const { log } = JSON.parse(bytes.toString()) as { log?: { entries?: { request: Archived }[] } };
  const posted = log?.entries?.map(({ request }) => request).findLast(({ method }) => method === 'POST');
  if (posted?.postData?.text === undefined) throw new Error('the HAR file has no POST request with a body');
  const { url, headers, postData } = posted;
  const rawHeaders = headers.flatMap(({ name, value }) => (name.startsWith(':') ? [] : [name, value]));
  const body = Buffer.from(postData.text as string, postData.encoding === 'base64' ? 'base64' : 'utf8');
  return { kind: 'HAR file', url, rawHeaders, body };
}

const WORDS = /(?:\$'(?:[^'\\]|\\[\s\S])*'|'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s'"\\])+/g;
const PIECES = /\$'((?:[^'\\]|\\[\s\S])*)'|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^'"\\$]+|\$)/g;
const ESCAPES = /((?:\\u[\da-f]{4})+)|\\(?:x([\da-f]{1,2})|([0-7]{1,3})|([\s\S]))/gi;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
/** Of curl's options those that have a value; what has none is passed over. */
const VALUED =
  /^(-[XHduAebomxFTK]|--(request|header|data|data-\w+|json|user|url|user-agent|referer|cookie|output|max-time|connect-timeout|proxy))$/;

function fromCurl(text: string): Captured {
  const words = text.match(WORDS)?.filter((word) => !/^\\[\r\n]+$/.test(word)) ?? [];
  const rest = words.slice(words.indexOf('curl') + 1).map(unquote);
  const [rawHeaders, data]: [string[], string[]] = [[], []];
  let url: string | undefined;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, option = word, attached] = /^(-[XHduAebomx])(.+)$/s.exec(word) ?? [];
    const value = VALUED.test(option) ? (attached ?? rest.shift() ?? '') : '';
    if (/^(-H|--header)$/.test(option)) rawHeaders.push(...nameAndValue(value));
    if (/^(-u|--user)$/.test(option)) rawHeaders.push('Authorization', `Basic ${btoa(value)}`);
    if (/^(-d|--data.*|--json)$/.test(option)) data.push(curlData(option, value));
    if (option === '--url' || !option.startsWith('-')) url = value || option;
  }
  if (data.length === 0) throw new Error('the curl command has no body, as in --data-binary @FILE');
  return { kind: 'curl command', url, rawHeaders, body: Buffer.from(data.join('&'), LATIN1) };
}

/** A word as a shell would read it. */
function unquote(word: string): string {
  return word.replace(
    PIECES,
    (_all, dollar?: string, single?: string, double?: string, one = '', bare = '') => {
      if (dollar !== undefined) return dollar.replace(ESCAPES, readEscape);
      return double?.replace(/\\(?:([$`"\\])|\r?\n)/g, '$1') ?? single ?? (one.trim() || bare);
    },
  );
}

function readEscape(_all: string, unicode?: string, hex?: string, octal?: string, letter = ''): string {
  if (unicode) return Buffer.from(JSON.parse(`"${unicode}"`)).toString(LATIN1);
  if (hex ?? octal) return String.fromCharCode(Number.parseInt((hex ?? octal) as string, hex ? 16 : 8));
  return LETTERS[letter] ?? letter;
}

/** As curl reads it: `-d` takes line breaks out of a file. */
function curlData(option: string, value: string): string {
  if (option === '--data-urlencode')
    throw new Error('--data-urlencode: write --data-binary, whose bytes are exact');
  if (option === '--data-raw' || !value.startsWith('@')) return value;
  const text = readFileSync(value.slice(1), LATIN1);
  return /binary|json/.test(option) ? text : text.replace(/[\r\n\0]/g, '');
}
