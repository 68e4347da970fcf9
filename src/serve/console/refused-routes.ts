/**
 * What a person may have done to the requests that this machine has refused, as operator-routes.ts has it for the inbox:
 *
 *   POST /refused/discard   {"inbox","source"?,"code"?,"address"?,"ids"?,"who"?} → {"discarded"}, at least one of them
 *   POST /recheck           {"inbox","source"?,"ids"?,"byChecksOfNow"?,"toleranceSeconds"?,"who"?} → [{"source","looked","accepted",
 *                           "passNowOnly","handshakes"}], refused requests judged again
 */
import type { Express } from 'express';
import { counted } from '../../base/words.ts';
import type { JudgingWish, Rechecked } from '../../inbox/refused/judging.ts';
import { isChoice, type RefusedChoice } from '../../inbox/refused/reader.ts';
import type { ConsoleOptions } from './app.ts';
import { addWrite, type Body } from './write.ts';

type RefusedParts = Pick<ConsoleOptions, 'inbox' | 'discardRefused' | 'judgeRefusedAgain'>;

export function addRefusedRoutes(
  app: Express,
  { inbox, discardRefused, judgeRefusedAgain }: RefusedParts,
): void {
  addWrite(app, inbox, {
    path: '/refused/discard',
    wants: 'it takes the inbox and at least one of source, code, address and ids',
    read: readChoice,
    async act({ who, ...choice }) {
      const changed = await discardRefused(choice);
      await inbox.noteAction({ who, verb: 'discard refused', about: choice, changed });
      return { discarded: changed };
    },
    form: {
      read: withIds,
      done: ({ discarded }) => ({
        says: `Discarded: ${counted(discarded, 'refused request')}.`,
        to: '/refused',
      }),
    },
  });
  addWrite(app, inbox, {
    path: '/recheck',
    wants: 'the body does not say what is to be judged',
    read: readWish,
    async act({ who, ...wish }) {
      const results = await judgeRefusedAgain(wish);
      const { source, ids } = wish;
      const changed = results.reduce((sum, { accepted }) => sum + accepted, 0);
      const about = { ...(source !== undefined && { source }), ...(ids && { ids }) };
      await inbox.noteAction({ who, verb: 'recheck refused', about, changed });
      return results;
    },
    form: {
      read: ({ byChecksOfNow, ...fields }) => ({
        ...withIds(fields),
        byChecksOfNow: byChecksOfNow === 'true',
      }),
      done: (results) => ({ says: judgedText(results), to: '/refused' }),
    },
  });
}

/** A form has them in one field. */
function withIds({ ids, ...fields }: Body): Body {
  return typeof ids === 'string' && ids !== '' ? { ...fields, ids: ids.split(',') } : fields;
}

function judgedText(results: readonly Rechecked[]): string {
  const sumOf = (name: 'looked' | 'accepted' | 'passNowOnly' | 'handshakes') =>
    results.reduce((sum, one) => sum + one[name], 0);
  const more = (says: string, sum: number) => (sum === 0 ? '' : ` ${says}: ${sum}.`);
  const only = more('So many more pass the checks of now alone', sumOf('passNowOnly'));
  const gone = more('Handshakes, which are gone', sumOf('handshakes'));
  return `Judged again: ${counted(sumOf('looked'), 'request')}. Passed, and events now: ${sumOf('accepted')}.${only}${gone}`;
}

function readChoice({ source, code, address, ids }: Body, who: string) {
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const isOther = (value: unknown) => value !== undefined && !isText(value);
  if ([source, code, address].some(isOther)) return undefined;
  if (ids !== undefined && !(Array.isArray(ids) && ids.every(isText))) return undefined;
  const choice: RefusedChoice = {
    ...(isText(source) && { source }),
    ...(isText(code) && { code }),
    ...(isText(address) && { address }),
    ...(ids !== undefined && { ids }),
  };
  return isChoice(choice) ? { ...choice, who } : undefined;
}

function readWish(body: Body, who: string): (JudgingWish & { readonly who: string }) | undefined {
  const { source, ids, byChecksOfNow = false, toleranceSeconds } = body;
  const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  if (source !== undefined && typeof source !== 'string') return undefined;
  if ((ids !== undefined && !isList) || typeof byChecksOfNow !== 'boolean') return undefined;
  const isSeconds = Number.isSafeInteger(toleranceSeconds) && Number(toleranceSeconds) > 0;
  if (toleranceSeconds !== undefined && !isSeconds) return undefined;
  return {
    ...{ byChecksOfNow, who },
    ...(source !== undefined && { source }),
    ...(isList && { ids }),
    ...(toleranceSeconds !== undefined && { toleranceSeconds: Number(toleranceSeconds) }),
  };
}
