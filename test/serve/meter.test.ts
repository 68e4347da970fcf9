/** The meter: every listener hears of what it is interested in, in the order of the list. */
import { expect, test } from 'vitest';
import { type MeterListener, meterFor } from '../../src/serve/meter.ts';

test('listeners are told in their order, and only of what they listen to', () => {
  const heard: string[] = [];
  const first: MeterListener = {
    request: (source, outcome) => heard.push(`first ${source} ${outcome}`),
    proof: (source) => heard.push(`first proof ${source}`),
  };
  const second: MeterListener = { request: (source) => heard.push(`second ${source}`) };
  const third: MeterListener = {
    attempt: (handler, outcome, count) => heard.push(`${handler} ${outcome} ${count}`),
  };
  const meter = meterFor([first, second, third]);
  meter.request('a', 'held', '', 1);
  meter.attempt('a/b', 'done', 2, []);
  meter.reply('a', 'late');
  meter.proof('a', { scheme: 'hmac' });
  expect(heard).toEqual(['first a held', 'second a', 'a/b done 2', 'first proof a']);
});
