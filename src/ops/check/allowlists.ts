/** Whom the allowlists let in at present, and, where a list is only observed, which genuine senders it does not know. */
import { matches } from '../../base/address.ts';
import type { Config } from '../../serve/config/config.ts';
import type { SourceConfig } from '../../serve/config/source.ts';
import { type Allowed, examineAllowlist, IP_ALLOWLIST } from '../../verify/ip-allowlist.ts';
import { counted } from '../words.ts';
import { type Evidence, eventsOf, isProven, type RecentEvent } from './evidence.ts';
import { type Finding, pass, warn } from './finding.ts';

const NAMED_MOST = 10;

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
  events: readonly RecentEvent[],
): Finding[] {
  const rules = allowed.flatMap(({ addresses }) => addresses);
  const counts = new Map<string, number>();
  for (const event of events) {
    const { address } = event;
    if (!isProven(event) || address === '' || matches(address, rules)) continue;
    counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const named = [...counts].slice(0, NAMED_MOST).map(([address, count]) => `${address} (${count})`);
  const more = counts.size > NAMED_MOST ? ` and ${counts.size - NAMED_MOST} more` : '';
  const says = `genuine events come from addresses that are not on it: ${named.join(', ')}${more}`;
  return [warn(`${name} list`, `${says}. If they are the provider’s, add them to ${prefix}_ALLOW_FROM`)];
}
