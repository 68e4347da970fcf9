/** Waiting for what comes by itself. How long does not matter where it comes: only a failure takes all of it. */

/** Polls until `look` finds something. */
export async function waitFor<T>(
  look: () => T | undefined | false,
  waitMs: number,
  describe: () => string,
): Promise<T> {
  for (const end = performance.now() + waitMs; ; ) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`nothing came within ${waitMs} ms:\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
