/**
 * Redaction, tried: a made-up secret is sent through everything that logs, stores or shows what others wrote, in the places
 * where credentials stand. Nothing of it may come out.
 */
import { randomBytes } from 'node:crypto';
import { createLog } from '../../base/log/log.ts';
import { excerptOf, redactText } from '../../base/log/redact.ts';
import { headerKeeper } from '../http/request.ts';
import { type Finding, fail, pass } from './finding.ts';

/** One way out: what it makes of a text with the canary in it. */
interface WayOut {
  readonly name: string;
  readonly show: (canary: string) => string;
}

const WAYS_OUT: readonly WayOut[] = [
  { name: 'log lines', show: (canary) => logged(canary, false) },
  { name: 'readable log lines', show: (canary) => logged(canary, true) },
  { name: 'error messages', show: (canary) => String(messagesWith(canary).map((text) => redactText(text))) },
  { name: 'excerpts of bodies', show: (canary) => excerptOf(JSON.stringify(bodyWith(canary)), 10_000) },
  { name: 'stored headers', show: (canary) => headerKeeper(['X-Named'])(headersWith(canary)) },
];

const messagesWith = (canary: string) => [
  `fetch of https://labels.test/1.pdf?Signature=${canary} failed`,
  `401 for Authorization: Bearer ${canary}`,
  `Basic ${canary} was refused`,
  `wrong token=${canary}, secret: ${canary}, password = ${canary}, api_key=${canary}`,
];
const bodyWith = (canary: string) => ({
  id: 1,
  _accessToken: canary,
  data: { apiKey: canary, card: { number: canary }, client_secret: [canary] },
  label_url: `https://labels.test/1.pdf?Signature=${canary}`,
  password: canary,
});
const headersWith = (canary: string) => ({
  authorization: `Bearer ${canary}`,
  cookie: `session=${canary}`,
  referer: `https://hooks.test/?token=${canary}`,
  'proxy-authorization': `Basic ${canary}`,
  'x-api-key': canary,
  'x-named': `GET /webhooks/shippo?token=${canary} HTTP/1.1`,
  'x-hub-signature-256': `sha256=${canary}`,
  'x-original-url': `/webhooks/shippo?token=${canary}`,
});

export function redactionFinding(ways: readonly WayOut[] = WAYS_OUT): Finding {
  const canary = `canary${randomBytes(24).toString('hex')}`;
  const leaking = ways.filter(({ show }) => show(canary).includes(canary)).map(({ name }) => name);
  const names = ways.map(({ name }) => name).join(', ');
  if (leaking.length === 0) return pass('redaction', `a made-up secret came out of none of ${names}`);
  const fix = 'Keep the log to yourself, and report it as SECURITY.md says';
  return fail('redaction', `a made-up secret came through ${leaking.join(', ')}. ${fix}`);
}

/** Logs fields that must never be filled, and answers with the lines that come out. */
function logged(canary: string, pretty: boolean): string {
  let text = '';
  const write = (lines: string) => {
    text += lines;
  };
  const log = createLog({ level: 'trace', pretty }, { write });
  const names = ['authorization', 'cookie', 'token', 'secret', 'password', 'signature', 'url', 'query'];
  for (const name of names) log.error({ [name]: canary }, 'a line of the check');
  for (const name of ['headers', 'body', 'request', 'config']) {
    log.error({ [name]: { any: canary } }, 'a line of the check');
  }
  return text;
}
