/** The log of the application around us, if it has one to give. Everything goes through our own log first, which redacts. */
import type { Log, Output } from './log.ts';

/** Gives each line to a log that is somebody else's, with what redaction has left of it. Where that throws, the line is lost. */
export function linesInto(log: Log): Output & { end(done: () => void): void } {
  return {
    write(lines) {
      for (const line of lines.split('\n')) {
        if (line === '') continue;
        const { level, time: _, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
        try {
          const say = log[LEVELS_OF[String(level)] ?? 'error'].bind(log);
          if (msg === undefined) say(fields);
          else say(fields, String(msg));
        } catch {
          // It may be closed already. No event and no answer is lost for that.
        }
      }
    },
    end: (done) => done(),
  };
}

const LEVELS_OF: Readonly<Record<string, keyof Log>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
};
