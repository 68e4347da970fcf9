/** The person at the terminal: asked before something is done, and shown how far it has come. */
import { createInterface } from 'node:readline/promises';

/** Whether somebody is there to be asked. */
export function mayAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Whether the answer is the one that is wanted; for `y` also `yes`, in capitals or not. */
export async function personSays(question: string, wanted: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = (await lines.question(question)).trim().toLowerCase();
    return answer === wanted || (wanted === 'y' && answer === 'yes');
  } finally {
    lines.close();
  }
}

const CLEAR = '\r\u001b[2K';
const CELLS = 30;
const LINE_EVERY_MS = 5_000;

/** A bar on a terminal, elsewhere a line now and then. */
export class Progress {
  readonly #isQuiet: boolean;
  #saidAt = performance.now();

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  show(part: number, whole: number, words: string): void {
    if (this.#isQuiet) return;
    if (process.stderr.isTTY) process.stderr.write(`${CLEAR}${barOf(part, whole)} ${words}`);
    else if (performance.now() - this.#saidAt >= LINE_EVERY_MS) {
      this.#saidAt = performance.now();
      process.stderr.write(`${words}\n`);
    }
  }

  clear(): void {
    if (!this.#isQuiet && process.stderr.isTTY) process.stderr.write(CLEAR);
  }
}

function barOf(part: number, whole: number): string {
  const full = whole === 0 ? CELLS : Math.min(CELLS, Math.floor((part / whole) * CELLS));
  return `[${'#'.repeat(full)}${'.'.repeat(CELLS - full)}]`;
}
