/** Reads header lines as they arrived: Node joins some repeated headers and silently drops others. */

/** The values of all lines of that name, which must be given in lower case. */
export function headerLines(raw: readonly string[], name: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const candidate = raw[at] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      lines.push(raw[at + 1] as string);
  }
  return lines;
}
