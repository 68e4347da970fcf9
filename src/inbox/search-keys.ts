/**
 * Search keys: values by which people look for events, a tracking number or an order, at the members of the body that a preset
 * or the wiring names. They are indexed after the fact, and an index is all they are: it can be made anew at any time.
 */
import { hash } from 'node:crypto';

/** The number under which a value is indexed: as people write it, in capitals or not, with spaces and hyphens or without. */
export function searchKeyOf(value: string): number {
  const digest = hash('sha256', value.toUpperCase().replace(/[\s-]+/g, ''), 'buffer');
  // 53 bits: a safe integer, and enough against chance.
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) >> 3);
}
