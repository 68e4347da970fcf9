/**
 * Reads the host names that operators write, before DNS is asked for them. Only full names are taken, as DNS carries them.
 *
 * Refused are addresses, wildcards, anything with a port, a path, a final dot or letters beyond ASCII, and names without a
 * dot, in development too, because the meaning of such a name depends on the machine that asks.
 */
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const LENGTH_MAX = 253;
/** These ends are set apart for private networks: public DNS has no answer for them. */
const PRIVATE_ENDS = ['.internal', '.local', '.home.arpa'];

/** The name in small letters, or the sentence that says what is wrong. */
export function readHostName(text: string): { name: string } | { wrong: string } {
  const name = text.toLowerCase();
  const labels = name.split('.');
  // A last part that begins with a digit is an address in one of its many spellings.
  const isName =
    name.length <= LENGTH_MAX &&
    labels.every((label) => LABEL.test(label)) &&
    /^[a-z]/.test(labels.at(-1) ?? '');
  if (!isName) return { wrong: 'is not a host name' };
  if (labels.length === 1) return { wrong: 'is a host name without a dot' };
  return { name };
}

export function isPrivateName(name: string): boolean {
  return PRIVATE_ENDS.some((end) => name.endsWith(end));
}
