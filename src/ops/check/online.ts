/**
 * Flexport’s API keys, tried out: only when `--online` asks for it. One read of one shipment tells whether a key works; the
 * answer’s content is thrown away, redirects are not followed, and keys travel in a header over TLS.
 */
import { isLoopback } from '../../base/address.ts';
import { type Environment, textOf } from '../../base/settings/environment.ts';
import { API_KEYS, liveSlots, nameOfSecret } from '../secret/slots.ts';
import { type Finding, fail, pass, warn } from './finding.ts';

const API_URL = 'https://api.flexport.com';
const URL_SETTING = 'FLEXPORT_API_URL';
const TIMEOUT_MS = 10_000;

export async function onlineFindings(environment: Environment): Promise<Finding[]> {
  const base = textOf(environment, URL_SETTING) ?? API_URL;
  if (!isSafe(URL.parse(base)))
    return [fail(URL_SETTING, 'is not an https:// URL. Keys are sent to no other, but to this machine')];
  const keys = API_KEYS.flatMap((setting) => liveSlots(setting, environment).slice(0, 1));
  if (keys.length === 0)
    return [pass('online', `no ${API_KEYS.join(' or ')} is set, so there is nothing to ask`)];
  const asked = keys.map(async ({ setting, value }) => {
    return keyFinding(setting, nameOfSecret(value), await askFlexport(base, value));
  });
  return await Promise.all(asked);
}

/** Without TLS everybody on the way could read the key; to this machine itself there is no way. */
function isSafe(url: URL | null): boolean {
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}

/** The status that Flexport answered with, or in words why there is none. */
async function askFlexport(base: string, key: string): Promise<number | string> {
  try {
    const response = await fetch(new URL('/shipments?per=1', base), {
      headers: { Authorization: `Bearer ${key}`, 'Flexport-Version': '2' },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const { name, message } = ((error as Error).cause ?? error) as Error;
    return name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : `no answer (${message})`;
  }
}

function keyFinding(setting: string, name: string, answer: number | string): Finding {
  const isNext = setting.endsWith('_NEXT');
  const then = isNext ? '; you may switch to it' : '';
  if (answer === 200) return pass(setting, `${name} works${then}`);
  if (answer === 403) return pass(setting, `${name} is valid, but may not list shipments${then}`);
  if (answer === 401) {
    const fix = isNext ? 'Do not switch to it' : 'Make another one in Flexport’s settings';
    return fail(setting, `${name} is refused by Flexport. ${fix}`);
  }
  const said = typeof answer === 'number' ? `Flexport answered ${answer}` : answer;
  return warn(setting, `${name} could not be tried: ${said}. Try again later`);
}
