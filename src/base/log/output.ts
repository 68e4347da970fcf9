/**
 * Sends log lines to standard output, or from another thread to the thread that owns it.
 *
 * Writing never waits for the reader. Lines gather for a moment and go out together; if nobody reads the pipe, those beyond
 * 8 MiB are dropped rather than answers delayed.
 */
import pino from 'pino';

export interface Output {
  write(lines: string): void;
}

export interface StandardOutput extends Output {
  /** The log's end: calls back when every line is out, or given up because nobody reads. */
  end(done: () => void): void;
}

const BUNDLE_BYTES = 16_384;
const GATHER_MS = 20;
const HELD_BYTES_MAX = 8 * 1_048_576;
const END_MS = 1_000;

export function standardOutput(): StandardOutput {
  const stream = pino.destination({
    dest: 1,
    sync: false,
    maxWrite: 4 * BUNDLE_BYTES,
    maxLength: HELD_BYTES_MAX,
  });
  // A reader that goes away (`| head`) must not take the service with it.
  stream.on('error', () => {});
  const lines = bundledOutput((bundle) => stream.write(bundle));
  return {
    write: lines.write,
    // Not pino's own flush, which without a minimal length waits for nothing; and at exit pino waits for ever.
    end(done) {
      lines.flush();
      const giveUp = setTimeout(() => {
        stream.off('close', finish);
        stream.destroy();
        done();
      }, END_MS);
      const finish = () => {
        clearTimeout(giveUp);
        done();
      };
      stream.once('close', finish);
      stream.end();
    },
  };
}

/** A line after a pause goes out at once; those that follow gather for a moment. `flush` sends what is there now. */
export function bundledOutput(send: (lines: string) => void): Output & { flush(): void } {
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  let lastSent = 0;
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === '') return;
    lastSent = performance.now();
    const bundle = gathered;
    gathered = '';
    send(bundle);
  }
  return {
    write(lines) {
      gathered += lines;
      if (gathered.length >= BUNDLE_BYTES) flush();
      else timer ??= setTimeout(flush, Math.max(0, GATHER_MS - (performance.now() - lastSent)));
    },
    flush,
  };
}
