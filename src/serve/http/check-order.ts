/** Runs the checks of a request. Most know at once; those that ask somebody make the next ones wait. Called by receive.ts. */

/** One after the other, so that the first that fails answers. Most of them know at once. */
export function inTurn<Given, Known>(
  checks: readonly ((given: Given) => Known | Promise<Known>)[],
  given: Given,
  take: (known: Known) => void,
  next: (error?: unknown) => void,
  from = 0,
): void {
  for (let at = from; at < checks.length; at++) {
    const result = (checks[at] as (given: Given) => Known | Promise<Known>)(given);
    if (result instanceof Promise) {
      result
        .then((known) => {
          take(known);
          inTurn(checks, given, take, next, at + 1);
        })
        .catch(next);
      return;
    }
    take(result);
  }
  next();
}
