/** Writes an action for people: how it ended, and as the rows of a list. */
import { iso } from '../base/times.ts';
import { amount, capitalized, counted } from '../base/words.ts';
import type { ActionRecord } from '../inbox/actions.ts';
import { describeSelection } from '../inbox/selection-words.ts';

const PAST = { replay: 'replayed', discard: 'discarded' } as const;

/** `Action 7: 1,204 deliveries found, 1,198 replayed, 6 skipped, 0 failed.` */
export function actionEnd(action: ActionRecord): string {
  const { id, state, skipped, remark } = action;
  const lines = [`Action ${id}${state === 'cancelled' ? ' was cancelled' : ''}: ${numbersOf(action)}.`];
  if (skipped > 0) lines.push('Skipped is what changed meanwhile, is purged, or has a newer state.');
  if (remark !== null) lines.push(`${capitalized(remark)}.`);
  return lines.join('\n');
}

export const ACTION_HEADER = ['ID', 'TIME (UTC)', 'WHO', 'WHAT', 'STATE'];

/** Two rows: the second one, below, says of which deliveries, and the numbers. */
export function actionCells(action: ActionRecord): string[] {
  const { id, at, who, verb, state, about } = action;
  const isMany = verb === 'replay' || verb === 'discard';
  const what = isMany ? describeSelection(about) : (about.name ?? choiceIn(about));
  const reason = about.reason === undefined ? '' : `: ${about.reason}`;
  const numbers = isMany ? `; ${numbersOf(action)}` : '';
  const time = iso(at).slice(0, 19);
  return [String(id), `${time}Z`, who, verb, `${state}  ${what}${reason}${numbers}`];
}

function numbersOf({ verb, found, changed, skipped, failed }: ActionRecord): string {
  const shown = [
    `${counted(found, 'delivery', 'deliveries')} found`,
    `${amount(changed)} ${verb === 'discard' ? PAST.discard : PAST.replay}`,
    `${amount(skipped)} skipped`,
    `${amount(failed)} failed`,
  ];
  return shown.join(', ');
}

/** Which refused requests. */
function choiceIn({ source, code, address, ids }: ActionRecord['about']): string {
  const named = ids && counted(ids.length, 'request');
  return [source, code, address, named].filter((part) => part !== undefined).join(', ');
}
