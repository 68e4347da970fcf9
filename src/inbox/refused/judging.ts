/**
 * Judges what was refused by every source again: one source after the other, and one round after the other, since order
 * counts. Made by receiver.ts, which asks for a round at the start, after a reload, and for an operator.
 */
import { type AgainOptions, judgeAgain, type Rechecked } from './again.ts';

/** Answers with a function that begins a round once those before it have ended. */
export function judgeInTurn(
  sources: readonly string[],
  options: AgainOptions,
): () => Promise<readonly Rechecked[]> {
  let last: Promise<readonly Rechecked[]> = Promise.resolve([]);

  async function judgeAll(): Promise<readonly Rechecked[]> {
    const results: Rechecked[] = [];
    for (const source of sources) results.push(await judgeAgain(source, options));
    return results;
  }

  return function judgeRefusedAgain() {
    const round = last.then(judgeAll);
    last = round.catch((error: Error) => {
      const reason = error.message;
      options.log.warn({ reason }, 'refused requests could not all be judged again; they are kept');
      return [];
    });
    return round;
  };
}
