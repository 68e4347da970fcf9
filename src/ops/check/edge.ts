/** TLS, the console, and whose word is taken for where a request comes from: as set, and as seen in real traffic. */
import { isLoopback, scopeOf } from '../../base/address.ts';
import type { Config } from '../../serve/config/config.ts';
import { type Evidence, lastOnes } from './evidence.ts';
import { type Finding, fail, pass, warn } from './finding.ts';

const PROXY = 'TRUST_PROXY';
/** One or two requests come from a single address by chance. */
const EVENTS_LEAST = 5;
/** The largest of the content networks announce /12 and /29. */
const WIDE = { ipv4: 8, ipv6: 20 } as const;

export function edgeFindings(config: Config, evidence: Evidence): Finding[] {
  const proxy = [...proxyFindings(config), ...trafficFindings(config, evidence)];
  const sane =
    config.trustProxy.length === 0 ? [] : [pass(PROXY, `${config.trustProxy.join(', ')} are believed`)];
  const { host } = config.console;
  const console = pass('console', isLoopback(host) ? 'this machine only' : `${host}, with a token`);
  return [httpsFinding(config), ...(proxy.length > 0 ? proxy : sane), console];
}

function httpsFinding({ requireHttps, production }: Config): Finding {
  const subject = 'REQUIRE_HTTPS';
  if (requireHttps) return pass(subject, 'webhooks must arrive over TLS');
  const says = 'false: webhooks are taken without TLS. Set it to true behind HTTPS.';
  return (production ? fail : warn)(subject, says);
}

function proxyFindings({ requireHttps, trustProxy }: Config): Finding[] {
  if (requireHttps && trustProxy.length === 0) {
    const says = 'empty, while TLS is required and this service speaks plain HTTP';
    return [fail(PROXY, `${says}: every webhook would be refused with 403. Name your proxy’s addresses.`)];
  }
  const says =
    'is a large part of the internet: anybody there could choose its address. Name your proxies only';
  return trustProxy.filter(isWide).map((rule) => warn(PROXY, `${rule} ${says}`));
}

function isWide(rule: string): boolean {
  const [address = '', bits] = rule.split('/');
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  return bits !== undefined && Number(bits) < WIDE[family] && !isOurNetwork(address);
}

/** Who the newest events are said to come from: if that is one address of our own network, it is a proxy’s. */
function trafficFindings({ trustProxy, production }: Config, { recent }: Evidence): Finding[] {
  const [address = '', ...others] = new Set(recent.map((event) => event.address));
  if (recent.length < EVENTS_LEAST || others.length > 0 || !isOurNetwork(address)) return [];
  const all = `${lastOnes(recent.length)} came from ${address}, all of them`;
  if (trustProxy.length > 0) {
    return [warn(PROXY, `${all}: X-Forwarded-For does not get through. Have your proxy set it`)];
  }
  // On a developer's machine everything comes from there.
  if (isLoopback(address) && !production) return [];
  const fix = 'If that is a proxy of yours, name it here: allowlists see its address instead of the sender’s';
  return [warn(PROXY, `empty, but ${all}. ${fix}`)];
}

function isOurNetwork(address: string): boolean {
  return address !== '' && scopeOf(address) !== 'public';
}
