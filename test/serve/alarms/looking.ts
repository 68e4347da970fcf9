/** What rules of alarms are shown in tests: a service in which all is well, but for what a test says. */
import type { AlarmFinding } from '../../../src/inbox/kept-alarms.ts';
import type { AlarmRule, Look, WatchedSource } from '../../../src/serve/alarms/alarm.ts';
import { AttemptTally, Tally } from '../../../src/serve/alarms/tally.ts';
import { readKnobs } from '../../../src/serve/config/knobs.ts';
import type { SeenRequest } from '../../../src/serve/meter.ts';
import { flatfile, flexport, flintn, shippo } from '../../../src/verify/presets.ts';

export const NOW = Date.UTC(2026, 10, 26, 16, 6);
export const MINUTE_MS = 60_000;

export const SOURCES: readonly WatchedSource[] = [shippo, flintn, flexport, flatfile].map((preset) => ({
  name: preset.name,
  prefix: preset.name.toUpperCase(),
  path: `/webhooks/${preset.name}`,
  schemes: ['hmac'],
  preset,
}));

export class Watching {
  readonly tallies = new Map(SOURCES.map(({ name }) => [name, new Tally()]));
  readonly attempts = new Map([['shippo/work', new AttemptTally()]]);
  now = NOW;

  get tally(): Tally {
    return this.tallies.get('shippo') as Tally;
  }

  look(more: Partial<Look> = {}): Look {
    return {
      now: this.now,
      knobs: readKnobs({}, []).alarms,
      wired: SOURCES,
      sources: SOURCES,
      tallyOf: (name) => this.tallies.get(name) as Tally,
      attempts: this.attempts,
      listeningSince: NOW - 3_600_000,
      takesWrites: true,
      trouble: undefined,
      refusalsLost: [],
      refusedDays: 7,
      apart: [],
      crashes: [],
      unheard: undefined,
      unjudged: [],
      status: async () => ({ inbox: 'x', backlog: [], oldestPendingAt: null, resting: [], paused: [] }),
      catchUp: async () => {},
      believeClock() {},
      disk: async () => undefined,
      ...more,
    };
  }

  /** So many requests to Shippo's source, each a while after the other. */
  refuse(count: number, more: Partial<SeenRequest> = {}, everyMs = 1_000): void {
    for (let nth = 0; nth < count; nth++) {
      this.now += everyMs;
      const seen = {
        code: 'hmac_mismatch',
        address: '203.0.113.9',
        isKnown: false,
        looks: 'shaped',
      } as const;
      this.tally.see({ ...seen, ...more }, this.now);
    }
  }
}

/** Asks a rule as the watch does. */
export async function ask<Memory extends object>(
  rule: AlarmRule<Memory>,
  look: Look,
  memory = (rule.memory?.() ?? {}) as Memory,
): Promise<readonly AlarmFinding[]> {
  return await rule.find(look, memory);
}
