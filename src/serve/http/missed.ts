/**
 * What the log says of a path at which there is nothing, and the answer does not. A wrong URL at a provider is a night of 404s
 * of which nobody else tells. Used by respond.ts.
 */
const PATH_LENGTH_MAX = 100;
/** What may not stand in a log line as it came: all but plain ASCII, quotes, and what could be decoded once more. */
const NOT_PLAIN = /[^\x21-\x7e]|["\\%]/g;
/** Where a query begins, also one whose `?` was encoded or forgotten: it may hold a token all the same. */
const QUERY = /[?#&;=]|%(25)*3f/i;

interface MissedPath {
  /** Without its query, which may hold a token; in plain ASCII; cut. */
  readonly path: string;
  /** The source that was probably meant, and what differs. */
  readonly meant?: string;
}

export function missedPath(target: string, sources: readonly string[]): MissedPath {
  const asked = pathOf(target);
  const isQueried = /^[?#]?$/.test(target.charAt(asked.length));
  const meant = sources
    .map((path) =>
      path === asked && !isQueried ? `${path}: its query does not begin with ?` : differenceFrom(path, asked),
    )
    .find((difference) => difference !== undefined);
  return { path: inLogForm(asked), ...(meant !== undefined && { meant }) };
}

/** The path of the source that was probably meant, or asked for exactly. */
export function sourceMeant(target: string, sources: readonly string[]): string | undefined {
  const asked = pathOf(target);
  return sources.find((path) => path === asked || differenceFrom(path, asked) !== undefined);
}

function pathOf(target: string): string {
  return target.split(QUERY, 1)[0] ?? '';
}

function differenceFrom(path: string, asked: string): string | undefined {
  const plain = asked.replace(/\/+/g, '/').replace(/\/$/, '');
  if (asked === path) return undefined;
  if (plain === path) return `${path}: the slashes differ`;
  if (plain.toLowerCase() === path.toLowerCase()) return `${path}: upper and lower case differ`;
  if (plain.endsWith(path)) return `${path}: ${inLogForm(plain.slice(0, -path.length))} stands before it`;
  return path.endsWith(plain) && plain.length > 1 ? `${path}: its beginning is missing` : undefined;
}

function inLogForm(path: string): string {
  const plain = path.replace(NOT_PLAIN, '?');
  return plain.length > PATH_LENGTH_MAX ? `${plain.slice(0, PATH_LENGTH_MAX)}…` : plain;
}
