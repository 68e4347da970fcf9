/**
 * `createConsignee`: the service as a part of somebody's own program. What it is asked for stands here, with its defaults; what it
 * does, in instance.ts, which `consignee serve` uses as well. docs/embedding.md says what each way of embedding keeps.
 *
 *   const consignee = createConsignee({ sources: [{ preset: shippo, handlers: { orders: updateOrders } }] });
 *   await consignee.start();
 *   app.use(mount(consignee));                    // or: await consignee.listen({ port: 3000 });
 *   …
 *   await consignee.stop();
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { linesInto } from '../base/log/host-log.ts';
import { type Log, standardOutput } from '../base/log/log.ts';
import type { Environment } from '../base/settings/environment.ts';
import type { SourceWiring } from '../deliver/handler.ts';
import type { ServiceKnobs } from './config/knobs.ts';
import type { GivenWiring } from './config/settings.ts';
import type { EventAccess } from './event-access.ts';
import { Instance } from './instance.ts';
import type { ServiceStatus } from './status.ts';

/** What `createConsignee` takes: `config` or `sources`, not both. Without either it finds its wiring as `consignee serve` does. */
export interface ConsigneeOptions {
  /**
   * Path or URL of the folder with `sources.ts` and perhaps `service.ts`. If neither this nor `sources` is given:
   * CONSIGNEE_CONFIG, then `config` of the working folder.
   */
  readonly config?: string | URL;
  /** The wiring itself, in place of a folder; handlers may be closures, and run in this process. */
  readonly sources?: readonly SourceWiring[];
  /** The knobs that differ from their defaults, beside `sources`. */
  readonly service?: ServiceKnobs;
  /**
   * Settings and secrets, under the names of the environment variables; `process.env` if left out. What handlers read by
   * themselves they read from `process.env` all the same.
   */
  readonly env?: Environment;
  /** pino, or what has its four methods `(fields, message)`. Lines of JSON on standard output if left out. */
  readonly log?: Log;
  /**
   * Where handlers run. `thread` (usual with a folder): in threads that import the wiring anew, with time limits that hold even for
   * a handler that never yields. `here` (usual with `sources`): in this process, with its pools and closures; one that computes for
   * long keeps the application waiting. `elsewhere`: this process only receives, and others handle; that takes PostgreSQL.
   */
  readonly handlers?: 'thread' | 'here' | 'elsewhere';
  /** SIGTERM and SIGINT stop it, SIGHUP reads the settings again. The process is never ended. Usually the application sees to that. */
  readonly signals?: boolean;
  /**
   * On a developer's machine: no TLS asked for, and answers say why a request was refused. If left out, where NODE_ENV is
   * `development` or `test`; everything else is production.
   */
  readonly development?: boolean;
}

/** Where `listen` opens its port. */
export interface ListenOptions {
  /** HOST, or 0.0.0.0, if left out. */
  readonly host?: string;
  /** PORT, or 3000, if left out; 0 takes a free one. */
  readonly port?: number;
}

/** The two times of `stop`: first it still takes what comes, then it lets finish what has begun. */
export interface StopOptions {
  /** How long it goes on taking requests while it is not ready any more, in milliseconds; SHUTDOWN_DELAY_MS if left out. */
  readonly delayMs?: number;
  /** How long requests and handlers may take to finish then, in milliseconds; the knob `shutdownGraceMs` if left out. */
  readonly graceMs?: number;
}

/**
 * They follow in this order; a start that fails leads from `starting` to `stopped`. `serving`: `start` has resolved. `leaving`: it
 * is being stopped, and is not ready any more. What is `stopped` cannot start again.
 */
export type ConsigneeState = 'made' | 'starting' | 'serving' | 'leaving' | 'stopped';

/**
 * A service within this process. It sends no signal, ends no process, and listens to nothing of the process that `signals` does
 * not say. Several may live in one process, each with an inbox of its own.
 */
export interface Consignee extends AsyncDisposable {
  /** How far it has come. Whether events can be kept at this moment says `ready()`. */
  readonly state: ConsigneeState;
  /**
   * Opens the inbox and starts the handlers. Once: what has been stopped is made anew. Rejects with ConfigError, whose `problems`
   * are everything that is wrong with the settings, or that another process owns the inbox; nothing is left open then.
   */
  start(): Promise<void>;
  /** Resolves once all that was begun has its end, and everything is closed. A second call waits for the first. */
  stop(options?: StopOptions): Promise<void>;
  /** A port of its own, with everything that a server can do for its senders. Rejects with the system's error if it is taken. */
  listen(where?: ListenOptions): Promise<{ readonly port: number }>;
  /**
   * Answers a request of somebody else's server: Express, Fastify (`request.raw`, `reply.raw`), node:http. With `next` only what
   * begins with `/webhooks/` is answered, and everything else passed on; without it everything is, also /healthz and /readyz.
   * Until it has started, and once it has stopped, the answer is 503.
   */
  handle(request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /** Whether events can be kept at this moment, for the application's readiness probe. */
  ready(): boolean;
  /** Whether all is well, as `consignee status --json` says it. What cannot be found out within seconds is null. */
  status(): Promise<ServiceStatus>;
  /** Its own metrics in Prometheus' text format; they are in no registry of the application. */
  metrics(): Promise<string>;
  /**
   * Reads the settings again, from `env` if it is given, and puts secrets, tokens, lists and limits in force. Rejects with
   * ConfigError if they cannot be used; the old ones stay in force then. What takes a restart is said in the log.
   */
  reload(env?: Environment): Promise<void>;
  /** Finds the events of its inbox, and has them replayed or discarded. */
  readonly events: EventAccess;
}

/** Throws TypeError for options that contradict each other. Everything else that is wrong `start` tells. */
export function createConsignee(options: ConsigneeOptions = {}): Consignee {
  const { sources, service = {}, env = process.env, log, signals = false } = options;
  const handlers = options.handlers ?? (sources ? 'here' : 'thread');
  if (sources && options.config !== undefined) throw new TypeError('createConsignee takes config or sources');
  if (!sources && options.service) throw new TypeError('createConsignee takes service with sources only');
  if (sources && handlers === 'thread') {
    throw new TypeError(
      "a thread imports its handlers: name their folder as config, or say handlers: 'here'",
    );
  }
  const { config } = options;
  const folder = config instanceof URL ? fileURLToPath(config) : config;
  const wiring = async (): Promise<GivenWiring> => {
    if (sources) return { sources, knobs: service, wiring: undefined };
    const { importWiring } = await import('./config/settings.ts');
    const given = await importWiring(folder, env);
    return handlers === 'here' ? { ...given, wiring: undefined } : given;
  };
  return new Instance({
    async read(changed = env) {
      const { settingsFrom } = await import('./config/settings.ts');
      return settingsFrom(await wiring(), changed, !isDevelopment(options, changed));
    },
    role: handlers === 'elsewhere' ? 'receive' : 'both',
    output: () => (log ? linesInto(log) : standardOutput()),
    pretty: false,
    signals,
    isOwnProcess: false,
  });
}

function isDevelopment({ development }: ConsigneeOptions, { NODE_ENV }: Environment): boolean {
  return development ?? (NODE_ENV === 'development' || NODE_ENV === 'test');
}
