/** How much of a flood is kept. */
import { expect, test } from 'vitest';
import { Gate } from '../../../src/inbox/refused/gate.ts';

const MB = 1_048_576;
const admitted = (gate: Gate, source: string, count: number, bytes: number, nowMs: number) =>
  Array.from({ length: count }, () => gate.admits(source, bytes, nowMs)).filter(Boolean).length;

test('a burst of four seconds is admitted, then fifty a second', () => {
  const gate = new Gate();
  expect(admitted(gate, 'one', 1_000, 100, 0)).toBe(200);
  expect(admitted(gate, 'one', 1_000, 100, 1_000)).toBe(50);
  expect(admitted(gate, 'one', 1_000, 100, 3_600_000)).toBe(200);
});

test('large ones are fewer', () => {
  const gate = new Gate();
  expect(admitted(gate, 'one', 100, MB, 0)).toBe(16);
  expect(admitted(gate, 'one', 100, MB, 500)).toBe(2);
});

test('a source that is flooded takes nothing from another', () => {
  const gate = new Gate();
  admitted(gate, 'one', 10_000, MB, 0);
  expect(admitted(gate, 'two', 10, MB, 0)).toBe(10);
});
