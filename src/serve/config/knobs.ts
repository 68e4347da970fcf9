/**
 * The knobs of config/service.ts: what is no secret and rarely differs between environments. Each has its range, its default and
 * its meaning here and nowhere else; the types follow from the table, docs/knobs.md is made of it, and config.ts reads by it.
 */
import type { Problem } from '../../base/errors.ts';
import { knob, notAbove } from '../../base/settings/knob.ts';
import { integer, members, number, numberOrInfinity, type ValuesOf } from '../../base/settings/rules.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/times.ts';
import { DELIVERY_KNOBS } from '../../deliver/handlers.ts';
import { CIRCUIT } from '../../inbox/circuit.ts';
import type { FormerKnobs } from './deprecations.ts';

const MIB = 1_048_576;

export const KNOBS = {
  bytesInFlightMax: knob(
    integer(1_024, 65_536 * MIB),
    256 * MIB,
    'bytes of bodies in memory at the same time, all sources together; beyond it new requests get a 503',
  ),
  inboxDeadlineMs: knob(
    integer(1, 10 * MINUTE_MS),
    2_500,
    'an event that is not on disk by then is answered with 503; Shippo waits 3 s in all',
  ),
  inboxCacheMb: knob(
    integer(1, 1_048_576),
    64,
    "SQLite's page cache in MiB; intake stays faster if the index fits, which takes 135 for 5 million events",
  ),
  postgres: members({
    connections: knob(integer(1, 1_000), 6, 'connections that each replica opens at the most'),
    statementMs: knob(integer(1, 10 * MINUTE_MS), 2_500, 'the database ends what takes longer'),
    leaseMs: knob(
      integer(100, DAY_MS),
      15_000,
      'the events of a replica that was killed are taken over after so long; one that is cut off for 0.6 of it ends its handlers',
    ),
    partitionDays: knob(
      integer(0, 3_650),
      0,
      'events of so many days lie together and are purged as a whole (docs/replicas.md); 0: each for itself',
    ),
  }),
  connectionsMax: knob(
    integer(1, 1_000_000),
    2_000,
    'connections that may be open, and at most half of the descriptors that the process may open; one address gets a quarter',
  ),
  retryAfterSeconds: knob(integer(0, 86_400), 5, 'how soon a provider may come back after a 503'),
  timestampToleranceSeconds: knob(
    integer(1, 86_400),
    300,
    "how far a signed timestamp or a JWT's iat may be from our clock, either way",
  ),
  headersTimeoutMs: knob(integer(1, HOUR_MS), 10_000, 'the headers of a request must have arrived by then'),
  requestTimeoutMs: knob(integer(1, HOUR_MS), 15_000, 'the whole request must have arrived by then'),
  keepAliveTimeoutMs: knob(
    integer(1, DAY_MS),
    75_000,
    'how long an idle connection stays open; it must be longer than with the load balancer (60 s on most)',
  ),
  headerBytesMax: knob(
    integer(1_024, MIB),
    65_536,
    'bytes of all headers of a request; a JWT travels in one',
  ),
  shutdownGraceMs: knob(
    integer(0, HOUR_MS),
    10_000,
    'how long requests and handlers may take to finish after SIGTERM',
  ),
  refused: members({
    bytesMax: knob(
      integer(1, 65_536 * MIB),
      64 * MIB,
      'bytes of refused requests that are kept for each source, counted whole; strangers go before senders that proved themselves, and whoever has most goes first',
    ),
    bytesMaxOfAll: knob(integer(1, 1_048_576 * MIB), 1_024 * MIB, 'the same for all sources together'),
    days: knob(integer(1, 365), 7, 'for how many days refused requests are kept'),
  }),
  ...DELIVERY_KNOBS,
  circuit: CIRCUIT,
  identityDays: knob(
    integer(1, 36_500),
    30,
    'keys for duplicate detection are kept so long, or RETENTION_DAYS if that is longer; Flintn repeats for 26.5 hours',
  ),
  alarms: members({
    lookMs: knob(integer(1, DAY_MS), 30_000, 'how often everything is looked at'),
    repeatMs: knob(
      numberOrInfinity(1, 365 * DAY_MS),
      6 * HOUR_MS,
      'an alarm that stays is told again after so long',
    ),
    calmMs: knob(
      integer(0, DAY_MS),
      2 * MINUTE_MS,
      'an alarm is over when its cause has stayed away for so long',
    ),
    windowMs: knob(integer(1, DAY_MS), 10 * MINUTE_MS, 'how far back refused requests are counted'),
    refusalRatio: knob(
      numberOrInfinity(0, 1),
      0.5,
      "there is an alarm if this part of a source's requests was refused as unproven (401)",
    ),
    refusalsLeast: knob(
      numberOrInfinity(1, 1_000_000),
      10,
      'that alarm needs so many refused requests at least',
    ),
    failuresInRow: knob(
      numberOrInfinity(1, 1_000_000),
      20,
      'there is an alarm if the last so many requests of a source, or attempts of a handler, all failed',
    ),
    backlogAgeMs: knob(
      numberOrInfinity(1, 365 * DAY_MS),
      15 * MINUTE_MS,
      'how old the oldest event may get that waits for a handler',
    ),
    diskFreeMb: knob(
      number(0, 1_000_000_000_000),
      10_240,
      'MiB that should be free on the disk of the inbox, or `diskFreeRatio` of it if that is less; 0: no alarm',
    ),
    diskFreeRatio: knob(number(0, 1), 0.05, 'the part of the disk of the inbox that should be free'),
    clockSkewMs: knob(
      numberOrInfinity(1, DAY_MS),
      MINUTE_MS,
      'how far our clock may be from the times that senders sign, before timestampToleranceSeconds refuses them',
    ),
    silenceFactor: knob(
      numberOrInfinity(1, 1_000),
      3,
      'there is an alarm if a source is silent for so many times its longest silence in four weeks, by its own hours and days',
    ),
  }),
};

/** Every knob, read. */
export type Knobs = ValuesOf<typeof KNOBS>;
export type AlarmKnobs = Knobs['alarms'];

/** What config/service.ts exports: the knobs that differ from their defaults. */
export type ServiceKnobs = SomeOf<Knobs> & FormerKnobs;
type SomeOf<Values> = {
  readonly [Name in keyof Values]?: (Values[Name] extends number ? number : SomeOf<Values[Name]>) | undefined;
};

/** Node refuses to serve with another order of the two. */
const inOrder = notAbove('headersTimeoutMs', 'requestTimeoutMs');

export function readKnobs(given: unknown, problems: Problem[]): Knobs {
  const { value, flaws } = members(KNOBS, inOrder)(given);
  for (const { path, wrong, fix } of flaws) {
    const what = path.length > 0 ? path.join('.') : 'the default export';
    problems.push({ setting: 'config/service.ts', wrong: `${what} ${wrong}`, fix });
  }
  return value;
}

/** The knobs, for config/service.ts: gives back what it is given, so that an editor and the compiler know what belongs there. */
export function defineService(knobs: ServiceKnobs): ServiceKnobs {
  return knobs;
}
