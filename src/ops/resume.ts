/** `consignee resume`: the other half of pause.ts. */
import { orderPause } from './pause.ts';

export const usage = `Usage: consignee resume SOURCE/HANDLER|TARGET

It gets events again, those first that wait. If its target rests because it
was down, that rest is over: one event tries it now, and when that one is
taken the others follow.

  --json   one JSON object
`;

export function run(args: string[]): Promise<number> {
  return orderPause('resume', args, usage);
}
