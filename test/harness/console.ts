/** The console in this process, over a real inbox, with a port of its own on loopback: for tests that look at its pages. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sources from '../../config/sources.ts';
import { wiredHandlers } from '../../src/deliver/handlers.ts';
import { openInbox } from '../../src/inbox/client.ts';
import { InboxReading } from '../../src/inbox/reading.ts';
import { RefusedClient } from '../../src/inbox/refused/client.ts';
import { judgeRequest } from '../../src/inbox/refused/judgement.ts';
import { judgeInTurn } from '../../src/inbox/refused/judging.ts';
import { Checklist } from '../../src/serve/check/checklist.ts';
import { readConfig, storedSourcesOf } from '../../src/serve/config/config.ts';
import { type ConsoleOptions, createConsole } from '../../src/serve/console/app.ts';
import { createMetrics } from '../../src/serve/console/metrics.ts';
import { Rules } from '../../src/serve/rules.ts';
import { readStatus } from '../../src/serve/status-reader.ts';
import { digestOf, fingerprintOf, keyFingerprint } from '../../src/verify/fingerprint.ts';
import { fillNight, type Night } from './console-night.ts';
import { NIGHT_SETTINGS, refusalsInNight, refuseInNight, usesInNight } from './console-refused.ts';
import { SECRET } from './project.ts';

export interface TestConsole {
  readonly url: string;
  readonly app: ReturnType<typeof createConsole>;
  readonly inbox: ConsoleOptions['inbox'];
  /** Puts other tokens in force. */
  setTokens(tokens: { act?: readonly string[]; read?: readonly string[] }): void;
  close(): Promise<void>;
}

interface ConsoleTestOptions {
  readonly night?: Night;
  readonly tokens?: { readonly act?: readonly string[]; readonly read?: readonly string[] };
  readonly access?: ConsoleOptions['access'];
  /** URL of an inbox that is there already, in place of one of its own. */
  readonly database?: string;
}

const log = { debug() {}, info() {}, warn() {}, error() {} };

export async function startConsole({
  night,
  tokens = {},
  access,
  database,
}: ConsoleTestOptions = {}): Promise<TestConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const path = join(folder, 'inbox.db');
  const all = ['FLEXPORT', 'SHIPPO', 'FLINTN'].map((name) => [`${name}_WEBHOOK_SECRET`, SECRET]);
  const environment = {
    ...Object.fromEntries(all),
    DATABASE_URL: database ?? `sqlite:${path}`,
    DATA_DIR: folder,
    ...(night && NIGHT_SETTINGS),
  };
  const { config, warnings } = readConfig(environment, {}, sources);
  const stored = storedSourcesOf(config.sources);
  const open = () =>
    openInbox({
      ...{ database: config.database, knobs: config.knobs, dispatches: false, sources: stored },
      ...{ deadlineMs: 10_000, log, onRestart() {} },
    });
  let inbox = await open();
  if (night) {
    await inbox.close();
    fillNight(path, night);
    inbox = await open();
  }
  const reading = new InboxReading(config.database, stored);
  const rules = new Rules({ config, warnings, environment, log });
  rules.keyFingerprints(await inbox.fingerprintKey());
  const refused = new RefusedClient(config.refusedPath, config.knobs.refused, log);
  if (night) {
    const key = await inbox.fingerprintKey();
    await inbox.noteCounts({
      uses: usesInNight((secret) => keyFingerprint(key, fingerprintOf(secret)), night),
      tallies: refusalsInNight(night),
    });
    refuseInNight(refused, night);
    // What was given to it before is there then.
    await refused.newest('shippo');
  }
  const digests = (given: typeof tokens) => ({
    act: (given.act ?? []).map(digestOf),
    read: (given.read ?? []).map(digestOf),
  });
  let live = digests(tokens);
  const { raised } = await inbox.openAlarms(Date.now());
  const status = () =>
    readStatus({
      ...{ role: 'both' as const, database: config.database, startedAt: Date.now(), folder },
      sources: () => config.sources,
      isReady: () => true,
      alarms: () => raised,
      work: () => inbox.status(),
      standing: () => reading.standing(),
      untold: () => undefined,
    });
  const checklist = new Checklist(() => ({ config, problems: [], ...rules.readFrom }), status);
  const metrics = createMetrics({ sources: [], replying: [], observed: [], handlers: [] }, () => ({
    ...{ bytesInFlight: 0, alarms: [], uses: [], refusalsLost: [] },
    connections: { open: 0, limits: { all: 1, address: 1 }, closed: { all: 0, address: 0 } },
  }));
  const app = createConsole({
    ...{ inbox, inboxFile: path, metrics, status, reading, ...(access && { access }) },
    config: () => config,
    sources: () => stored,
    handlers: () => wiredHandlers(sources, config.knobs),
    allowed: (source) => rules.allowed(source),
    refused: refused.reading,
    judge: async (id) => {
      const request = await refused.reading.ask('request', id);
      return request && judgeRequest(request, rules.find(request.source)?.verifiers ?? []);
    },
    checklist,
    tokens: () => live,
    judgeRefusedAgain: judgeInTurn(
      config.sources.map(({ name }) => name),
      {
        refused,
        verifiersOf: (source) => rules.of(source).verifiers,
        keep: (arrival) => inbox.keep(arrival),
        note() {},
        log,
      },
    ),
    discardRefused: (choice) => refused.discard(choice),
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    app,
    inbox,
    setTokens(given) {
      live = digests(given);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      checklist.close();
      reading.close();
      rules.stop();
      await refused.close();
      await inbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
