/**
 * Judges settings by what has really come: TLS and whose word is taken for where a request comes from, allowlists, checks that
 * are only observed, and this machine's clock against the times that providers sign.
 */
import { isLoopback, matches, scopeOf } from '../../base/address.ts';
import { counted } from '../../base/words.ts';
import type { EventProofs } from '../../inbox/summary.ts';
import { signedSecondsIn } from '../../verify/form/value.ts';
import { type Allowed, examineAllowlist, IP_ALLOWLIST } from '../../verify/ip-allowlist.ts';
import type { Scheme } from '../../verify/schemes.ts';
import type { Proof } from '../../verify/verifier.ts';
import type { Config } from '../config/config.ts';
import type { SourceConfig } from '../config/source.ts';
import { type Evidence, eventsOf, lastOnes } from './evidence.ts';
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

const NAMED_MOST = 10;
/** The clock is judged by so many events, and so much it may differ. */
const EVENTS_MOST = 50;
const SECONDS_MOST = 60;

/** Whom the allowlists let in at present, and, where a list is only observed, which genuine senders it does not know. */
export async function allowlistFindings({ sources }: Config, evidence: Evidence): Promise<Finding[]> {
  const withList = sources.filter(({ allowFrom }) => allowFrom.length > 0);
  const findings = withList.map(async (source) => {
    const allowed = await examineAllowlist(source.allowFrom);
    const troubled = allowed.filter(({ lookup }) => lookup?.trouble !== undefined);
    const strange = source.observed.includes(IP_ALLOWLIST.name)
      ? strangers(source, allowed, eventsOf(source, evidence))
      : [];
    return [listFinding(source, allowed), ...troubled.map((one) => troubleFinding(source, one)), ...strange];
  });
  return (await Promise.all(findings)).flat();
}

function listFinding({ name }: SourceConfig, allowed: readonly Allowed[]): Finding {
  const said = allowed.map(({ entry, addresses, published, lookup }) => {
    if (published) return `${entry} (as of ${published.asOf})`;
    return lookup ? `${entry} (${counted(addresses.length, 'address', 'addresses')} now)` : entry;
  });
  return pass(`${name} list`, said.join(', '));
}

function troubleFinding({ name }: SourceConfig, { entry, lookup }: Allowed): Finding {
  const fix = 'As long as that is so, its senders may be refused: mend the name, or write addresses';
  return warn(`${name} list`, `${entry}: ${lookup?.trouble}. ${fix}`);
}

function strangers(
  { name, prefix }: SourceConfig,
  allowed: readonly Allowed[],
  events: readonly EventProofs[],
): Finding[] {
  const rules = allowed.flatMap(({ addresses }) => addresses);
  const strange = events.filter(({ address, proofs }) => {
    // A secret proves the event; an address does not.
    const isProven = proofs.some(({ secret }) => secret !== undefined);
    return isProven && address !== '' && !matches(address, rules);
  });
  const senders = [...Map.groupBy(strange, ({ address }) => address)];
  if (senders.length === 0) return [];
  const named = senders.slice(0, NAMED_MOST).map(([address, its]) => `${address} (${its.length})`);
  const more = senders.length > NAMED_MOST ? ` and ${senders.length - NAMED_MOST} more` : '';
  const says = `genuine events come from addresses that are not on it: ${named.join(', ')}${more}`;
  return [warn(`${name} list`, `${says}. If they are the provider’s, add them to ${prefix}_ALLOW_FROM`)];
}

/** What checks that are only observed would have refused, so that it is known when they can be enforced. */
export function observedFindings({ sources }: Config, evidence: Evidence): Finding[] {
  return sources.flatMap((source) => {
    const proofs = eventsOf(source, evidence).flatMap((event) => event.proofs);
    return source.observed.map((scheme) => {
      const outcomes = proofs.filter((proof) => proof.scheme === scheme);
      return observedFinding(source, scheme, outcomes);
    });
  });
}

function observedFinding({ name, prefix }: SourceConfig, scheme: Scheme, outcomes: readonly Proof[]) {
  const refused = outcomes.flatMap(({ wouldRefuse }) => wouldRefuse ?? []);
  const subject = `${name} ${scheme}`;
  const observed = `${scheme} is only observed`;
  if (outcomes.length === 0)
    return warn(subject, `${observed}, and no event has come since that shows its effect`);
  if (refused.length === 0) {
    const fix = `Take it out of ${prefix}_OBSERVE to enforce it`;
    return warn(subject, `${observed}: it would have refused none of ${lastOnes(outcomes.length)}. ${fix}`);
  }
  const codes = [...Map.groupBy(refused, (code) => code)];
  const why = codes.map(([code, { length }]) => `${length} ${code}`).join(', ');
  const says = `${observed}: it would have refused ${refused.length} of ${lastOnes(outcomes.length)} (${why})`;
  return warn(subject, `${says}. Enforce it once genuine ones pass`);
}

/** Signed timestamps say what time it was elsewhere, a delivery’s way before it came here. */
export function clockFindings({ sources }: Config, evidence: Evidence): Finding[] {
  const differences = sources
    .filter(({ preset }) => preset.forms.some(({ time }) => time?.from.startsWith('pair:')))
    .flatMap((source) => eventsOf(source, evidence))
    .flatMap(secondsBehind)
    .slice(0, EVENTS_MOST);
  if (differences.length === 0) return [];
  const median = differences.sort((a, b) => a - b)[Math.floor(differences.length / 2)] as number;
  const differs = `${Math.abs(median)} s ${median < 0 ? 'behind' : 'ahead of'}`;
  const compared = median === 0 ? 'agrees with' : differs;
  const says = `${compared} the signed timestamps of ${lastOnes(differences.length)}, in the median`;
  if (Math.abs(median) <= SECONDS_MOST) return [pass('clock', says)];
  return [warn('clock', `${says}. Beyond 300 s they are refused: synchronise it (NTP), or ask the provider`)];
}

function secondsBehind({ receivedAt, proofs }: EventProofs): number[] {
  return proofs.flatMap(({ signature }) => {
    const seconds = signedSecondsIn(signature ?? '');
    return seconds === undefined ? [] : [Math.floor(receivedAt / 1000) - seconds];
  });
}
