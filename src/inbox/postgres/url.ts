/**
 * Reads PostgreSQL's URL strictly, before the client library sees it.
 *
 * The library takes some URLs for something else than is written: with characters that are not encoded, with modes of TLS
 * that it only knows by name, with several hosts, with parameters that it does not know. They are refused. Messages show
 * nothing of the URL: there is a password in it.
 */
import { isLoopback } from '../../base/address.ts';
import { clean } from '../../base/log/redact.ts';
import { readSmallFile } from '../../base/settings/small-file.ts';
import type { DatabaseMistake, DatabaseReading } from '../driver.ts';

/** `inside`: nothing leaves this machine. `encrypted`: whoever answers can read it. `verified`: only the named server can. */
export type Transport = 'inside' | 'open' | 'encrypted' | 'verified';

type Parts = NonNullable<ReturnType<typeof partsOf>>;

export const FORM = 'postgres://user:password@host:5432/database';
const MODES: Readonly<Record<string, Transport>> = {
  disable: 'open',
  'no-verify': 'encrypted',
  // To the driver these are three names for one thing.
  require: 'verified',
  'verify-ca': 'verified',
  'verify-full': 'verified',
};
const TLS_FILES = ['sslrootcert', 'sslcert', 'sslkey'];
const PARAMETERS = [
  ...['host', 'port', 'user', 'password', 'options', 'application_name', 'client_encoding'],
  ...['sslmode', 'sslnegotiation', 'ssl', 'uselibpqcompat', ...TLS_FILES],
];
/** What other clients know, and may stand in a URL that was made for them. Any other name may be part of a password. */
const OF_OTHERS = [
  ...['target_session_attrs', 'load_balance_hosts', 'hostaddr', 'service', 'passfile', 'replication'],
  ...[
    'connect_timeout',
    'statement_timeout',
    'lock_timeout',
    'query_timeout',
    'tcp_user_timeout',
    'keepalives',
  ],
  ...['idle_in_transaction_session_timeout', 'keepalives_idle', 'keepalives_interval', 'keepalives_count'],
  ...[
    'channel_binding',
    'require_auth',
    'requirepeer',
    'gssencmode',
    'sslpassword',
    'sslcrl',
    'sslcrldir',
    'sslsni',
  ],
  ...['sslcertmode', 'ssl_min_protocol_version', 'ssl_max_protocol_version', 'fallback_application_name'],
  ...['schema', 'pgbouncer', 'connection_limit', 'pool_timeout', 'max', 'encoding'],
];
const SEVERAL_HOSTS: DatabaseMistake = {
  wrong: 'names several hosts',
  fix: 'Name one: an address, or a proxy, that leads to whichever is the primary.',
};

export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:/i.test(text);
}

export function readPostgresDatabase(text: string): DatabaseReading {
  const parts = partsOf(text);
  // With ports, several hosts are no URL to anybody but PostgreSQL's own clients.
  if (!parts && /^[a-z]+:\/\/([^/?#]*@)?[^/?#@]*,/i.test(text)) return unusable([SEVERAL_HOSTS]);
  if (!parts) {
    const fix =
      'Encode what has a meaning there: in a password @ is %40, / is %2F, ? is %3F, # is %23, % is %25.';
    return unusable([{ wrong: `is not of the form ${FORM}`, fix }]);
  }
  const mistakes = [mistakesInPlace, mistakesInParameters, mistakesInTls, mistakesInFiles].flatMap((find) =>
    find(parts),
  );
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
  if (host.includes(',')) wrong.push(SEVERAL_HOSTS);
  if (!/^([1-9]\d{0,4})?$/.test(port) || Number(port) > 65_535) {
    wrong.push({ wrong: 'has a port that is not a number from 1 to 65535', fix: 'Leave it out for 5432.' });
  }
  if (database === '') wrong.push({ wrong: 'names no database', fix: `Write it as ${FORM}.` });
  return wrong;
}

function mistakesInParameters({ parameters }: Parts): DatabaseMistake[] {
  return Object.keys(parameters)
    .filter((name) => !PARAMETERS.includes(name))
    .map((name) => {
      const what = OF_OTHERS.includes(name)
        ? `${name}=, which has no effect here`
        : 'a parameter that is not known here';
      return {
        wrong: `has ${what}`,
        fix: `Take it out. What may stand there: ${PARAMETERS.slice(0, 9).join(', ')}.`,
      };
    });
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
