/**
 * Runs git and npm: without a shell, with an environment that has none of our secrets, and never with a secret among the
 * arguments. Used by git.ts and machine.ts.
 */
import { execFile } from 'node:child_process';

interface ProgramEnd {
  /** Null if it was ended for taking too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PASSED_ON =
  /^(path|home|user|lang|tmpdir|xdg_\w+|git_\w+|npm_config_\w+|https?_proxy|no_proxy|ssl_cert_\w+|node_extra_ca_certs)$/i;
const OUTPUT_BYTES_MAX = 64 * 1_048_576;

interface ProgramOptions {
  readonly folder: string;
  readonly timeoutMs?: number;
}

export function environmentForPrograms(): NodeJS.ProcessEnv {
  const passedOn = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  // Messages are read, so they must be in the language we know.
  return { ...Object.fromEntries(passedOn), LC_ALL: 'C' };
}

/** Undefined if there is no such program here. */
export function runTool(
  name: string,
  args: readonly string[],
  { folder, timeoutMs = 0 }: ProgramOptions,
): Promise<ProgramEnd | undefined> {
  const options = {
    cwd: folder,
    env: environmentForPrograms(),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_BYTES_MAX,
  } as const;
  return new Promise((resolve) => {
    execFile(name, args, options, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') return resolve(undefined);
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}
