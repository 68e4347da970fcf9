/**
 * Reads where alarms are sent beside the log: ALARM_URL, signed with ALARM_SECRET (or _FILE, _PREVIOUS). Either both are set
 * or neither is. The URL may hold a secret of its own, so messages never show it. Without TLS it must name a loopback or
 * private address.
 */
import { canonicalAddress, isLoopback, matches, rangesNamed } from '../../base/address.ts';
import type { Problem } from '../../base/errors.ts';
import { type EnvironmentReading, textOf } from '../../base/settings/environment.ts';
import { readSecrets } from '../../base/settings/secrets.ts';
import { NO_SIGNING_KEY, readSigningKey, signStandard } from '../../verify/standard-webhooks.ts';

/** Where alarms go beside the log; any of the secrets proves them. */
export interface AlarmTarget {
  readonly url: string;
  /** The value of `webhook-signature` of Standard Webhooks, by every live secret. */
  readonly sign: (id: string, seconds: number, body: Buffer) => string;
}

const URL_SETTING = 'ALARM_URL';
const SECRET_SETTING = 'ALARM_SECRET';

/** Undefined if alarms go to the log only, or if there are problems. */
export function readAlarmTarget(settings: EnvironmentReading): AlarmTarget | undefined {
  const { environment, problems } = settings;
  const url = textOf(environment, URL_SETTING);
  const { live, set } = readSecrets(SECRET_SETTING, settings);
  if (url === undefined && !set) return undefined;
  if (url === undefined) {
    const fix = `Set ${URL_SETTING} to where alarms go, or unset ${SECRET_SETTING}.`;
    problems.push({ setting: SECRET_SETTING, wrong: `is set without ${URL_SETTING}`, fix });
    return undefined;
  }
  if (!set) {
    const fix = `Set ${SECRET_SETTING} too, as whsec_ and what \`openssl rand -base64 32\` prints.`;
    problems.push({ setting: URL_SETTING, wrong: `is set without ${SECRET_SETTING}`, fix });
  }
  const keys = live.map(readSigningKey).filter((key) => key !== undefined);
  const found = urlProblems(url);
  if (keys.length < live.length) {
    const fix = 'Take what the receiver gave you, or make one: echo "whsec_$(openssl rand -base64 32)".';
    found.push({ setting: SECRET_SETTING, wrong: NO_SIGNING_KEY, fix });
  }
  problems.push(...found);
  if (found.length > 0 || keys.length === 0) return undefined;
  return { url, sign: (id, seconds, body) => signStandard(keys, id, seconds, body) };
}

function urlProblems(text: string): Problem[] {
  const problem = (wrong: string, fix: string): Problem[] => [{ setting: URL_SETTING, wrong, fix }];
  const url = URL.parse(text);
  if (!url || !['https:', 'http:'].includes(url.protocol)) {
    return problem('is not an https:// URL', 'Write it as https://alerts.example.com/consignee.');
  }
  if (url.username !== '' || url.password !== '') {
    return problem('has a user name or a password in it', 'Take them out: the signature proves who sends.');
  }
  if (url.protocol === 'http:' && !staysInside(url.hostname)) {
    return problem('is not https://', 'Without TLS it must name a loopback or private address.');
  }
  return [];
}

function staysInside(hostname: string): boolean {
  if (isLoopback(hostname)) return true;
  const address = canonicalAddress(hostname.replace(/^\[(.*)\]$/, '$1'));
  const ranges = ['loopback', 'uniquelocal'].flatMap((name) => rangesNamed(name) ?? []);
  return address !== undefined && matches(address, ranges);
}
