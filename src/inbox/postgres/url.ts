/**
 * Reads PostgreSQL's URL strictly, before the client library sees it.
 *
 * The library takes some URLs for something else than is written: with characters that are not encoded, with modes of TLS
 * that it only knows by name, with several hosts. They are refused. Messages show nothing of the URL: there is a password
 * in it.
 */
import { isLoopback } from '../../base/address.ts';
import { clean } from '../../base/log/redact.ts';
import { readSmallFile } from '../../base/settings/small-file.ts';
import type { DatabaseMistake, DatabaseReading } from '../driver.ts';

/** `inside`: nothing leaves this machine. `encrypted`: whoever answers can read it. `verified`: only the named server can. */
export type Transport = 'inside' | 'open' | 'encrypted' | 'verified';

type Parts = NonNullable<ReturnType<typeof partsOf>>;

const FORM = 'postgres://user:password@host:5432/database';
const MODES: Readonly<Record<string, Transport>> = {
  disable: 'open',
  'no-verify': 'encrypted',
  // To the driver these are three names for one thing.
  require: 'verified',
  'verify-ca': 'verified',
  'verify-full': 'verified',
};
const TLS_FILES = ['sslrootcert', 'sslcert', 'sslkey'];

export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:/i.test(text);
}

export function readPostgresDatabase(text: string): DatabaseReading {
  const parts = partsOf(text);
  if (!parts) {
    const fix =
      'Encode what has a meaning there: in a password @ is %40, / is %2F, ? is %3F, # is %23, % is %25.';
    return unusable([{ wrong: `is not of the form ${FORM}`, fix }]);
  }
  const mistakes = [...mistakesInPlace(parts), ...mistakesInTls(parts), ...mistakesInFiles(parts)];
  if (mistakes.length > 0) return unusable(mistakes);
  const { host, port, database, password } = parts;
  const place = clean(`${host}:${port || 5432}/${database}`);
  const url = spellOutMode(text);
  return {
    database: { kind: 'postgres', url, place },
    mistakes,
    password,
    isInTheOpen: transportOf(url) === 'open',
  };
}

function unusable(mistakes: readonly DatabaseMistake[]): DatabaseReading {
  return { database: { kind: 'postgres', url: '', place: '' }, mistakes, isInTheOpen: false };
}

/** How the traffic with that database is protected. */
export function transportOf(url: string): Transport {
  const { host = '', parameters = {} } = partsOf(url) ?? {};
  if (host.startsWith('/') || isLoopback(host.toLowerCase().replace(/^\[(.*)\]$/, '$1'))) return 'inside';
  const { sslmode, sslnegotiation } = parameters;
  if (sslmode !== undefined) return MODES[sslmode] ?? 'open';
  const impliesTls = sslnegotiation === 'direct' || TLS_FILES.some((name) => parameters[name]);
  return impliesTls ? 'verified' : 'open';
}

/** Undefined if the driver would read something else than is written. */
function partsOf(text: string) {
  if (!/^postgres(ql)?:\/\//i.test(text) || /[\s#]/.test(text) || !isEncoded(text)) return undefined;
  // URL refuses a user without a host; to PostgreSQL that is a user who comes through a socket.
  const hasHost = URL.canParse(text);
  const whole = hasHost ? text : text.replace('@/', '@nowhere/');
  if (!URL.canParse(whole)) return undefined;
  const { hostname, port, pathname, password, search, searchParams } = new URL(whole);
  // An @ behind the host is the end of a password with a slash or a question mark in it.
  if (/@/.test(pathname + search)) return undefined;
  // The driver takes the last of two parameters of one name.
  const parameters: Partial<Record<string, string>> = Object.fromEntries(searchParams);
  return {
    host: parameters.host || (hasHost ? decodeURIComponent(hostname) : ''),
    port: parameters.port || port,
    database: pathname.slice(1),
    password: parameters.password || decodeURIComponent(password),
    parameters,
  };
}

function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
}

function mistakesInPlace({ host, port, database }: Parts): DatabaseMistake[] {
  const wrong: DatabaseMistake[] = [];
  if (host === '') {
    const fix = `Write it as ${FORM}, or name the folder of a socket: postgres:///database?host=/var/run/postgresql.`;
    wrong.push({ wrong: 'names no host', fix });
  }
  if (host.includes(',')) {
    const fix = 'Name one: an address, or a proxy, that leads to whichever is the primary.';
    wrong.push({ wrong: 'names several hosts', fix });
  }
  if (!/^([1-9]\d{0,4})?$/.test(port) || Number(port) > 65_535) {
    wrong.push({ wrong: 'has a port that is not a number from 1 to 65535', fix: 'Leave it out for 5432.' });
  }
  if (database === '') wrong.push({ wrong: 'names no database', fix: `Write it as ${FORM}.` });
  return wrong;
}

function mistakesInTls({ parameters }: Parts): DatabaseMistake[] {
  const { sslmode } = parameters;
  const fix = 'Use sslmode=verify-full (or no-verify, which takes any certificate; or disable).';
  for (const name of ['ssl', 'uselibpqcompat']) {
    if (parameters[name] !== undefined) return [{ wrong: `has ${name}=, where sslmode= says it all`, fix }];
  }
  if (sslmode === undefined || Object.hasOwn(MODES, sslmode)) return [];
  if (sslmode === 'prefer' || sslmode === 'allow') {
    return [{ wrong: 'has an sslmode that leaves it to the server whether there is TLS', fix }];
  }
  return [{ wrong: 'has an unknown sslmode', fix }];
}

function mistakesInFiles({ parameters }: Parts): DatabaseMistake[] {
  return TLS_FILES.flatMap((name) => {
    const path = parameters[name];
    if (!path) return [];
    try {
      readSmallFile(path);
      return [];
    } catch (error) {
      const fix = 'Mount the file, or let the user this runs as read it.';
      return [{ wrong: `names a file in ${name} that cannot be read (${(error as Error).message})`, fix }];
    }
  });
}

/** The driver's next version will check less under the other two names. */
function spellOutMode(text: string): string {
  return text.replace(/([?&]sslmode=)(require|verify-ca)(?=&|$)/, '$1verify-full');
}
