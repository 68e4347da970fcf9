/** The inbox in PostgreSQL. See ../driver.ts. What needs the client library is loaded when it is used. */
import type { Driver, Inspection, Remark } from '../driver.ts';
import { doubtsOf } from '../migration-files.ts';
import { type Transport, transportOf } from './url.ts';

export function postgresDriver(url: string, place: string): Driver {
  return {
    place,
    file: undefined,
    isShared: true,
    // The thread says by itself whether the database takes writes, unless it hangs.
    thread: { module: new URL('./thread.ts', import.meta.url), unreadyMs: 5_000 },
    examine: (thoroughness) => inspectServer(url, place, thoroughness === 'thorough'),
    openReader: async () => (await import('./reader.ts')).openPostgresReader(url, place),
    openWriter: async (sources) => (await import('./operator.ts')).openPostgresWriter(url, sources),
    readPast: async (from, until, signal) =>
      (await import('./reader.ts')).readPostgresPast(url, from, until, signal),
  };
}

async function inspectServer(url: string, place: string, isThorough: boolean): Promise<Inspection> {
  const { examineDatabase } = await import('./schema.ts');
  const { problem, warnings, fit, isThere, version } = await examineDatabase(url, place);
  if (problem) return { problem, remarks: [] };
  const doubts = warnings.map((says): Remark => ({ subject: 'durability', isWell: false, says }));
  const ofSchema = doubtsOf(fit);
  if (!isThorough) return { remarks: [...doubts, ...ofSchema] };
  const isDurable: Remark = {
    subject: 'durability',
    isWell: true,
    says: 'fsync and synchronous_commit are on',
  };
  const where = `${place}, PostgreSQL ${version}: ${isThere ? 'sound' : 'will be made at the first start'}`;
  return {
    remarks: [
      { subject: 'inbox', isWell: true, says: where },
      ...ofSchema,
      ...(doubts.length === 0 ? [isDurable] : doubts),
      { subject: 'database TLS', ...TRANSPORTS[transportOf(url)] },
    ],
  };
}

const TRANSPORTS: Readonly<Record<Transport, Omit<Remark, 'subject'>>> = {
  inside: { isWell: true, says: 'not needed: the database is on this machine' },
  verified: { isWell: true, says: 'on, and the certificate is checked' },
  encrypted: { isWell: false, says: 'on, but any certificate is taken. Set sslmode=verify-full' },
  open: { isWell: false, says: 'off: events cross the network in the open. Set sslmode=verify-full' },
};
