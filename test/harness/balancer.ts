/**
 * A real load balancer in front of some replicas: HAProxy, which asks each one's /readyz, or nginx, which only notices
 * failures. Its configuration is the one that docs/replicas.md recommends, but for ports and times.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';

const BOOT_MS = 60_000;
/** Debian keeps them where only root looks. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

export const CHECK_MS = 500;

export type Kind = 'haproxy' | 'nginx';

export interface Balancer {
  readonly port: number;
  /** What it said. */
  output(): string;
  stop(): Promise<void>;
}

/** Where a program is, if it is installed. */
export function findProgram(name: Kind): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Resolves when it answers for a replica that is ready. */
export async function startBalancer(kind: Kind, replicas: readonly number[]): Promise<Balancer> {
  const program = findProgram(kind);
  if (!program) throw new Error(`${kind} is not installed`);
  const folder = mkdtempSync(join(tmpdir(), `consignee-${kind}-`));
  // nginx, started by root, has a user of its own for its work.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const file = join(folder, `${kind}.cfg`);
  writeFileSync(file, CONFIGURATIONS[kind](port, replicas, folder));
  const child = spawn(program, ARGUMENTS[kind](file, folder), { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await untilReady(port, child, () => output);
  return {
    port,
    output: () => output,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function untilReady(port: number, child: ChildProcess, output: () => string): Promise<void> {
  for (const end = performance.now() + BOOT_MS; ; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (child.exitCode !== null || performance.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`the load balancer does not serve:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ARGUMENTS: Readonly<Record<Kind, (file: string, folder: string) => string[]>> = {
  haproxy: (file) => ['-db', '-f', file],
  nginx: (file, folder) => ['-p', folder, '-e', 'stderr', '-c', file],
};

type Configure = (port: number, replicas: readonly number[], folder: string) => string;

/**
 * Both send a request again, to another replica, when its connection broke before any answer: that the same event may
 * arrive twice is what the inbox is made for. Neither does on a 503, which comes with a Retry-After for the sender and,
 * from a common database, would come from every replica.
 */
const CONFIGURATIONS: Readonly<Record<Kind, Configure>> = {
  haproxy: (port, replicas) => `
global
    maxconn 2000
    # What is to be sent again must fit, and so must 64 KiB of headers.
    tune.bufsize 81920

defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 30s
    timeout check 2s
    option redispatch 1
    retries 2
    retry-on conn-failure empty-response
    # What HAProxy answers itself, while no replica is ready.
    http-error status 502 content-type text/plain string "try again later" hdr Retry-After 5
    http-error status 503 content-type text/plain string "try again later" hdr Retry-After 5
    http-error status 504 content-type text/plain string "try again later" hdr Retry-After 5

frontend hooks
    bind 127.0.0.1:${port}
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto http
    default_backend consignee

backend consignee
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter ${CHECK_MS}ms fall 1 rise 1
${replicas.map((replica, nth) => `    server replica${nth + 1} 127.0.0.1:${replica}`).join('\n')}
`,
  nginx: (port, replicas, folder) => `
daemon off;
worker_processes 1;
pid ${folder}/pid;

events {
    worker_connections 2000;
}

http {
    access_log off;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;

    upstream consignee {
${replicas.map((replica) => `        server 127.0.0.1:${replica} max_fails=0;`).join('\n')}
        keepalive 32;
        keepalive_timeout 60s;
    }

    server {
        listen 127.0.0.1:${port};
        client_max_body_size 26m;

        # What nginx answers itself, while no replica is there.
        error_page 502 504 = @away;
        location @away {
            add_header Retry-After 5 always;
            return 503;
        }

        location / {
            proxy_pass http://consignee;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_connect_timeout 2s;
            proxy_next_upstream error timeout non_idempotent;
            proxy_next_upstream_tries 2;
            proxy_next_upstream_timeout 10s;
        }
    }
}
`,
};
