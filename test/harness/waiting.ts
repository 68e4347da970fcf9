/** Waiting for what comes by itself. How long does not matter where it comes: only a failure takes all of it. */

/** The longer it has taken, the less it matters to see it at once: looks cost, too. */
export const nextLookMs = (sinceMs: number): number => Math.min(200, 15 + sinceMs / 15);

/** Polls until `look` finds something. */
export async function waitFor<T>(
  look: () => T | undefined | false,
  waitMs: number,
  describe: () => string,
): Promise<T> {
  for (const begun = performance.now(); ; ) {
    const found = look();
    if (found) return found;
    const sinceMs = performance.now() - begun;
    if (sinceMs > waitMs) throw new Error(`nothing came within ${waitMs} ms:\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, nextLookMs(sinceMs)));
  }
}

/** The same for what has to be asked for. */
export async function waitForAnswer<T>(ask: () => Promise<T | undefined>, waitMs: number): Promise<T> {
  for (const begun = performance.now(); ; ) {
    const found = await ask();
    if (found !== undefined) return found;
    const sinceMs = performance.now() - begun;
    if (sinceMs > waitMs) throw new Error(`nothing came within ${waitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, nextLookMs(sinceMs)));
  }
}
