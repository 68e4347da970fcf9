/**
 * Where a row of the night is played: a folder, a service that may be started again on the same ports, providers, the commands
 * an operator would type, and the clock from the moment at which things go wrong. In the end the ledger is held against the inbox.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceKnobs } from 'consignee';
import { type Line, runToEnd } from '../harness/command.ts';
import { freePort } from '../harness/free-port.ts';
import { type Service, startService } from '../harness/service.ts';
import { Provider, type ProviderOptions, type Sent } from './provider.ts';

const WIRING = join(import.meta.dirname, 'wiring');
export const SECRET = 'the-secret-of-the-night-0123456789abcdef0123456789abcdef';
/** An alarm that has not come by then does not come, as far as the person is concerned who is woken by it. */
const TOLD_WITHIN_MS = 120_000;
const HANDLED_WITHIN_MS = 90_000;

export interface Told {
  readonly afterMs: number;
  readonly words: string;
}

export interface Outcome {
  readonly sent: number;
  readonly lost: number;
  readonly told: Told | undefined;
  readonly recovered: string;
  /** What must not be, whatever has been told. */
  readonly faults: readonly string[];
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly knobs?: ServiceKnobs;
}

export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'consignee-night-'));
  readonly faults: string[] = [];
  recovered = '';
  inboxPath = join(this.folder, 'inbox.db');
  port = 0;
  #consolePort = 0;
  #env: Readonly<Record<string, string>> = {};
  readonly #services: Service[] = [];
  readonly #providers: Provider[] = [];
  #stock: Set<string> | undefined;
  #begunAt = 0;
  #told: Told | undefined;
  /** Lines that had been written when it began are of no interest. */
  #from = 0;

  get service(): Service {
    return this.#services.at(-1) as Service;
  }

  /** Again on the same ports, in the same folder, with the settings of before and those that are given. */
  async start({ env = {}, knobs = {} }: StartOptions = {}): Promise<Service> {
    this.port ||= await freePort();
    this.#consolePort ||= await freePort();
    const secrets = ['FLEXPORT', 'SHIPPO', 'FLINTN', 'FLATFILE'].map((name) => {
      return [`${name}_WEBHOOK_SECRET`, SECRET] as const;
    });
    // What names a file stands in the place of the setting itself.
    const plain = secrets.filter(([name]) => !(`${name}_FILE` in { ...this.#env, ...env }));
    this.#env = { ...Object.fromEntries(plain), ...this.#env, ...env };
    const service = await startService({
      folder: this.folder,
      config: WIRING,
      knobs,
      env: {
        ...this.#env,
        DATABASE_URL: `sqlite:${this.inboxPath}`,
        PORT: String(this.port),
        CONSOLE_PORT: String(this.#consolePort),
      },
    });
    this.#services.push(service);
    return service;
  }

  provider(options: Omit<ProviderOptions, 'port' | 'secret'> & { readonly secret?: string }): Provider {
    const provider = new Provider({ secret: SECRET, ...options, port: this.port });
    this.#providers.push(provider);
    return provider;
  }

  /** From here on things go wrong. */
  begin(): void {
    this.#begunAt = Date.now();
    this.#from = this.#lines().length;
  }

  /** Waits for the first alarm of such a kind since it began. */
  async untilTold(kinds: readonly string[]): Promise<void> {
    const isIt = ({ alarm, level }: Line) => level === 'error' && kinds.includes(String(alarm));
    for (const end = Date.now() + TOLD_WITHIN_MS; Date.now() < end; await sleep(100)) {
      const line = this.#lines().slice(this.#from).find(isIt);
      if (line) return this.tell(`${line.alarm}: ${line.msg}`);
    }
  }

  /** Somebody has been told these words just now. */
  tell(words: string): void {
    this.#told ??= { afterMs: Date.now() - this.#begunAt, words };
  }

  /** Alarms that were raised since it began. */
  raised(): Line[] {
    return this.#lines()
      .slice(this.#from)
      .filter(({ alarm, level }) => alarm !== undefined && level === 'error');
  }

  /** What an operator types, with the settings of the service. */
  async command(...args: string[]): Promise<{ code: number | null; output: string }> {
    const env = {
      ...this.#env,
      DATABASE_URL: `sqlite:${this.inboxPath}`,
      CONSOLE_PORT: String(this.#consolePort),
      PORT: String(this.port),
    };
    const ended = await runToEnd([...args, '--config', WIRING], { env, cwd: this.folder });
    this.recovered = [this.recovered, `consignee ${args.join(' ')}`].filter(Boolean).join('; then ');
    if (ended.code !== 0)
      this.fault(`${args.join(' ')} ended with ${ended.code}: ${ended.output.trim().split('\n')[0]}`);
    return ended;
  }

  fault(what: string): void {
    this.faults.push(what);
  }

  /** The providers come to an end, handlers finish, and the ledger is held against the inbox. */
  async judge(): Promise<Outcome> {
    await Promise.all(this.#providers.map((provider) => provider.finish()));
    await this.#untilHandled();
    const sent = this.#providers.filter(({ isForger }) => !isForger).flatMap((provider) => provider.sent);
    const kept = this.#kept();
    const keyOf = ({ source, body }: Sent) => `${source} ${body}`;
    const missing = sent.filter((one) => one.state === 'taken' && !kept.has(keyOf(one)));
    if (missing.length > 0) this.fault(`${missing.length} were answered with 200 and are not in the inbox`);
    const known = new Set(sent.map(keyOf));
    const strange = [...kept].filter((one) => !known.has(one)).length;
    if (strange > 0) this.fault(`${strange} are in the inbox that no provider sent`);
    const lost = sent.filter((one) => one.state !== 'taken' && !kept.has(keyOf(one))).length;
    const told = this.#told && { ...this.#told, words: this.#shorten(this.#told.words) };
    const faults = this.faults.map((fault) => this.#shorten(fault));
    return { sent: sent.length, lost, told, recovered: this.#shorten(this.recovered), faults };
  }

  async clear(): Promise<void> {
    for (const service of this.#services) await service.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async until(look: () => boolean, withinMs: number, fault: string, everyMs = 100): Promise<void> {
    for (const end = Date.now() + withinMs; !look(); await sleep(everyMs)) {
      if (Date.now() > end) return this.fault(fault);
    }
  }

  /** The disk of the inbox goes before the judgement: what it holds is noted now, once handlers have finished. */
  async takeStock(): Promise<void> {
    await Promise.all(this.#providers.map((provider) => provider.finish()));
    await this.#untilHandled();
    this.#stock = this.#kept();
  }

  /** What is in the inbox, by source and body. */
  #kept(): Set<string> {
    if (this.#stock) return this.#stock;
    const rows = this.rows<{ source: string; body: Uint8Array }>(
      'SELECT source, body FROM inbox WHERE body IS NOT NULL',
    );
    return new Set(rows.map(({ source, body }) => `${source} ${Buffer.from(body)}`));
  }

  rows<T>(query: string): T[] {
    if (!existsSync(this.inboxPath)) return [];
    const database = new DatabaseSync(this.inboxPath, { readOnly: true, timeout: 10_000 });
    try {
      return database.prepare(query).all() as T[];
    } finally {
      database.close();
    }
  }

  async #untilHandled(): Promise<void> {
    const left = () => this.rows<{ state: string }>('SELECT state FROM work').length;
    await this.until(() => left() === 0, HANDLED_WITHIN_MS, 'events wait for their handlers, or are dead');
  }

  /** Where it was played is of no interest. */
  #shorten(text: string): string {
    return text.replaceAll(`${this.folder}/`, '');
  }

  #lines(): Line[] {
    return this.#services.flatMap((service) => service.lines());
  }
}
