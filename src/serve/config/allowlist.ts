/**
 * Reads the allowlist of a source: `<SOURCE>_ALLOW_FROM`, or the file that `<SOURCE>_ALLOW_FROM_FILE` names. For source.ts.
 *
 * Entries are addresses, CIDR ranges, the presets' published lists, and `dns:<host name>`. In the file they stand on lines
 * or between commas, and `#` begins a comment. An entry that cannot be used is a problem; it is never left out. A list
 * without an entry is a problem too, since it must not turn into no list.
 */
import { matchesEverything, readRule } from '../../base/address.ts';
import type { Problem } from '../../base/errors.ts';
import {
  type EnvironmentReading,
  entryProblem,
  MATCHES_EVERYTHING,
  readFileOf,
  refuseBoth,
} from '../../base/settings/environment.ts';
import { readHostName } from '../../verify/host-names.ts';
import type { AllowEntry } from '../../verify/ip-allowlist.ts';
import type { AddressList } from '../../verify/preset.ts';

/** A new sender's address is compared with every range, so there cannot be thousands. */
const RULES_MAX = 250;
/** All names are looked up at once. */
const NAMES_MAX = 50;

interface Written {
  readonly text: string;
  readonly place: string;
}

/** Undefined if neither form is set. */
export function readAllowlist(
  prefix: string,
  lists: ReadonlyMap<string, AddressList>,
  { environment, problems }: EnvironmentReading,
): AllowEntry[] | undefined {
  const name = `${prefix}_ALLOW_FROM`;
  const { [name]: inline, [`${name}_FILE`]: file } = environment;
  refuseBoth(name, inline, file, problems);
  if (inline !== undefined) return readEntries(name, writtenIn(inline), lists, problems);
  if (file === undefined) return undefined;
  const setting = `${name}_FILE`;
  return readEntries(setting, writtenInFile(setting, file, problems), lists, problems);
}

function writtenIn(list: string): Written[] {
  return list.split(',').map((text, at) => ({ text: text.trim(), place: `number ${at + 1}` }));
}

function writtenInFile(setting: string, path: string, problems: Problem[]): Written[] {
  const text = readFileOf(setting, path, problems);
  if (text === undefined) return [];
  const written = text.split('\n').flatMap((line, at) => {
    // A comma at the end of a line separates nothing that the line does not.
    const list = line.replace(/#.*/s, '').trim().replace(/,$/, '');
    return list === '' ? [] : writtenIn(list).map((one) => ({ ...one, place: `line ${at + 1}` }));
  });
  if (written.length === 0) {
    const fix = 'Write an address there, or unset the variable.';
    problems.push({ setting, wrong: 'names a file without an entry', fix });
  }
  return written;
}

function readEntries(
  setting: string,
  written: readonly Written[],
  lists: ReadonlyMap<string, AddressList>,
  problems: Problem[],
): AllowEntry[] {
  const entries: AllowEntry[] = [];
  for (const { text, place } of written) {
    const read = readAllowEntry(text, lists);
    if ('wrong' in read) problems.push(entryProblem(setting, text, place, read.wrong, read.fix));
    else entries.push(read);
  }
  const names = entries.filter(({ name }) => name !== undefined).length;
  if (names > NAMES_MAX) {
    const fix = `At most ${NAMES_MAX} are followed; write ranges for the others.`;
    problems.push({ setting, wrong: `has ${names} host names`, fix });
  }
  const rules = entries.flatMap((entry) => entry.rules);
  if (rules.length > RULES_MAX) {
    const fix = `At most ${RULES_MAX} can be compared with in time; join them to larger ranges.`;
    problems.push({ setting, wrong: `has ${rules.length} addresses and ranges`, fix });
  }
  if (matchesEverything(rules)) problems.push({ setting, ...MATCHES_EVERYTHING });
  return entries;
}

function readAllowEntry(
  text: string,
  lists: ReadonlyMap<string, AddressList>,
): AllowEntry | { wrong: string; fix: string } {
  const list = lists.get(text);
  if (list) return readList(text, list);
  if (/^dns:/i.test(text)) {
    const host = readHostName(text.slice('dns:'.length));
    const fix = 'Write a full name, as in dns:hooks.example.com; addresses stand without dns:.';
    return 'wrong' in host ? { ...host, fix } : { entry: `dns:${host.name}`, rules: [], name: host.name };
  }
  const read = readRule(text);
  const fix = 'Write addresses, as in 52.4.41.98 or 203.0.113.0/24, or dns:<name> to have a name looked up.';
  return 'wrong' in read ? { ...read, fix } : { entry: read.rule, rules: [read.rule] };
}

function readList(name: string, { addresses, from, asOf }: AddressList) {
  const rules: string[] = [];
  for (const address of addresses) {
    const read = readRule(address);
    if ('wrong' in read)
      return { wrong: `is a list with an address that ${read.wrong}`, fix: 'Mend its preset.' };
    rules.push(read.rule);
  }
  return { entry: name, rules, published: { from, asOf } };
}
