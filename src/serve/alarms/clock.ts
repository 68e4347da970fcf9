/**
 * The alarm `clock`: the times that a source signs (`t=` in the header) are too far from ours, in the median of its last
 * twenty verified requests. The alarm comes while they still pass: beyond the tolerance every one of them is refused.
 */
import { signedSecondsIn } from '../../verify/hmac-form.ts';
import { type AlarmRule, durationOf } from './alarm.ts';
import { SIGNATURES_KEPT, type SignatureSeen } from './tally.ts';

export const clockAlarm: AlarmRule = {
  kind: 'clock',
  find: ({ sources, tallyOf, knobs }) =>
    sources.flatMap(({ name }) => {
      const aheadMs = medianAhead(tallyOf(name).signatures());
      if (aheadMs === undefined || Math.abs(aheadMs) <= knobs.clockSkewMs) return [];
      const where = `${durationOf(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
      return [
        {
          subject: name,
          says: `${name}: our clock is ${where} the times it signs, in the median of its last ${SIGNATURES_KEPT} requests`,
          fix: 'Let this machine follow a time server (`timedatectl` says whether it does): further off, genuine webhooks are refused.',
        },
      ];
    }),
};

/** Answers how far our clock is ahead of the signed times; undefined if there are too few of them. */
function medianAhead(signatures: readonly SignatureSeen[]): number | undefined {
  const ahead = signatures
    .map(({ value, at }) => at - (signedSecondsIn(value) ?? Number.NaN) * 1_000)
    .filter((ms) => !Number.isNaN(ms))
    .sort((one, other) => one - other);
  return ahead.length < SIGNATURES_KEPT ? undefined : ahead[Math.floor(ahead.length / 2)];
}
