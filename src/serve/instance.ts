/**
 * One service of a process, from its settings to its end: what createConsignee makes, and what `consignee serve` runs. It knows how
 * far the service has come, and what may be asked of it then; launch.ts starts it.
 */
import type { Log } from '../base/log/log.ts';
import type { Environment } from '../base/settings/environment.ts';
import type { Settings } from './config/settings.ts';
import type { Consignee, ConsigneeState, ListenOptions, StopOptions } from './consignee.ts';
import type { AccessDecision } from './console/access.ts';
import { eventAccess } from './event-access.ts';
import { answerNotRunning, isForSources } from './http/mounted.ts';
import type { App } from './http/server.ts';
import type { LaunchOptions, Running } from './launch.ts';
import type { ServiceStatus } from './status.ts';

interface InstanceOptions extends LaunchOptions {
  readonly signals: boolean;
}

export class Instance implements Consignee {
  readonly #options: InstanceOptions;
  readonly #giveUp = new AbortController();
  readonly events = eventAccess(() => ({ ...this.#now.receiver, ...this.#now.settings.config }));
  #state: ConsigneeState = 'made';
  #running: Running | undefined;
  #consolePort: number | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #ignoreSignals = () => {};

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  get state(): ConsigneeState {
    return this.#state;
  }

  /** What it runs with. Throws before the start. */
  get settings(): Settings {
    return this.#now.settings;
  }

  get log(): Log {
    return this.#now.log;
  }

  /** The console of a service that runs, without its port. */
  consoleApp(access?: AccessDecision): App {
    return this.#now.receiver.consoleApp(access);
  }

  start(): Promise<void> {
    if (this.#state === 'leaving' || this.#state === 'stopped')
      return Promise.reject(new Error('this consignee was stopped: make another one with createConsignee'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.#state = 'starting';
    try {
      const { launch } = await import('./launch.ts');
      this.#running = await launch(this.#options, this.#giveUp.signal);
      if (this.#options.signals) this.#hearSignals();
      if (this.#stopping === undefined) this.#state = 'serving';
    } catch (error) {
      this.#state = 'stopped';
      throw error;
    }
  }

  async listen(where: ListenOptions = {}): Promise<{ readonly port: number }> {
    return await this.#now.listen(where, this.#consolePort);
  }

  /** Opens the console at CONSOLE_HOST and CONSOLE_PORT. */
  async openConsole(): Promise<number> {
    const { settings, receiver } = this.#now;
    this.#consolePort = await receiver.openConsole(settings.config.console);
    return this.#consolePort;
  }

  readonly handle: Consignee['handle'] = (request, response, next) => {
    if (next && !isForSources(request)) next();
    else if (this.#running && this.#state !== 'stopped') this.#running.receiver.handle(request, response);
    else answerNotRunning(response);
  };

  ready(): boolean {
    return this.#state === 'serving' && this.#now.receiver.isReady();
  }

  status = async (): Promise<ServiceStatus> => await this.#now.receiver.status();

  metrics = async (): Promise<string> => await this.#now.receiver.metrics();

  async reload(changed?: Environment): Promise<void> {
    await this.#now.reload(changed);
  }

  /** `why`: what the log says of it. */
  stop(options: StopOptions = {}, why: { readonly signal?: string } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options, why);
    return this.#stopping;
  }

  async #stop(options: StopOptions, why: object): Promise<void> {
    if (this.#state === 'starting') {
      this.#giveUp.abort(new Error('it was stopped before it was ready'));
      await this.#starting?.catch(() => {});
    }
    this.#ignoreSignals();
    const running = this.#running;
    if (!running) {
      this.#state = 'stopped';
      return;
    }
    this.#state = 'leaving';
    const { receiver, log, endLog } = running;
    const { shutdownDelayMs, knobs } = running.settings.config;
    log.info(why, 'stopping: not ready any more, finishing what is under way');
    try {
      await receiver.stop(options.delayMs ?? shutdownDelayMs, options.graceMs ?? knobs.shutdownGraceMs);
      log.info({}, 'stopped');
    } finally {
      this.#state = 'stopped';
      await endLog();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #now(): Running {
    if (this.#running && this.#state !== 'stopped') return this.#running;
    throw new Error(`this consignee is ${this.#state}: that takes one that has started`);
  }

  #hearSignals(): void {
    const stop = (signal: string) => void this.stop({}, { signal });
    const reload = () => this.reload().catch((reason: Error) => this.log.error({ reason }, UNREAD));
    process.once('SIGTERM', stop).once('SIGINT', stop).on('SIGHUP', reload);
    this.#ignoreSignals = () => process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGHUP', reload);
  }
}

const UNREAD = 'the changed settings cannot be used: the old ones stay in force';
