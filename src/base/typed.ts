/**
 * Commands as a person can type them where they are. What was started from a project's node_modules is not on the path there:
 * `npx consignee …`. In the image, or installed for all, it is `consignee …`.
 */

/** Of a text that is ours: commands at its beginning and behind backticks. `startedAs`: the path of the running program. */
export function typed(text: string, startedAs = process.argv[1] ?? ''): string {
  if (!/[\\/]node_modules[\\/](\.bin[\\/])?consignee\b/.test(startedAs)) return text;
  return text.replace(/(?<=^|`)consignee (?=[a-z])/g, 'npx consignee ');
}
