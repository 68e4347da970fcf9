/**
 * What takes a server and its folder away when the process that started it was killed: a shell that waits for the end
 * of its input, which comes whichever way that process ends.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

const SCRIPT = `
cat
pid=$(head -n 1 "$1/postmaster.pid") && kill -QUIT "$pid" && while kill -0 "$pid"; do sleep 0.1; done
rm -rf "$2"`;

/** Watches over the server in the folder `data`, of which `base` alone is removed. Returns what calls it off. */
export function watchOver(data: string, base: string): () => void {
  // Detached: Ctrl-C in a terminal goes to everybody else.
  const shell = spawn('sh', ['-c', SCRIPT, 'sh', data, base], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  (shell.stdin as Socket).unref();
  return () => void shell.kill('SIGKILL');
}
