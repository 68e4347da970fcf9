/** Durations by the steady clock: times in the database move along when the wall clock is set. For thread.ts. */
import type { OpenFiles } from './open-files.ts';

const JUMP_MS = 2_000;

export class ClockJumps {
  #offset = Date.now() - performance.now();

  /** Tells by how much the clock has been set since. If `shift` throws, the disk refuses, and the same is told again. */
  follow(shift: (byMs: number) => void, files: Pick<OpenFiles, 'note'>): void {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#offset) < JUMP_MS) return;
    try {
      shift(Math.round(offset - this.#offset));
      this.#offset = offset;
    } catch (error) {
      files.note(error);
    }
  }
}
