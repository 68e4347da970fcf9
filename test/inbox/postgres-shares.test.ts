/** A target's slots among several replicas, all in here: each books and gives back whenever it likes. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Lease } from '../../src/inbox/postgres/lease.ts';
import { balance } from '../../src/inbox/postgres/shares.ts';
import { preparedForEach } from './prepared.ts';

const WANTED = new Map([
  ['three', 3],
  ['one', 1],
]);

const opened = preparedForEach();

class Replica {
  readonly #lease = new Lease(opened.pool, 15_000, [...WANTED.keys()]);
  readonly slots = new Map<string, number>();
  readonly out = new Map<string, number>();

  outOf(target: string): number {
    return this.out.get(target) ?? 0;
  }

  mayBook(target: string): boolean {
    return this.outOf(target) < (this.slots.get(target) ?? 0);
  }

  async enter(): Promise<void> {
    await this.#lease.enter();
  }

  async balance(): Promise<boolean> {
    await this.#lease.heartbeat();
    const resize = (target: string, slots: number) => void this.slots.set(target, slots);
    const id = this.#lease.id as number;
    const claimant = { id, wanted: WANTED, outOf: (target: string) => this.outOf(target), resize };
    return balance(opened.pool, claimant, this.#lease.members);
  }

  async leave(): Promise<void> {
    this.slots.clear();
    await this.#lease.leave();
  }
}

async function enter(): Promise<Replica> {
  const replica = new Replica();
  await replica.enter();
  return replica;
}

const total = (replicas: readonly Replica[], target: string) =>
  replicas.reduce((sum, replica) => sum + replica.outOf(target), 0);

async function untilSettled(replicas: readonly Replica[]): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    let isChanged = false;
    for (const replica of replicas) isChanged = (await replica.balance()) || isChanged;
    quiet = isChanged ? 0 : quiet + 1;
  }
}

test('who has too much, all of it out, takes nothing more until its part is left', async () => {
  const first = await enter();
  await untilSettled([first]);
  expect(first.slots.get('three')).toBe(3);
  first.out.set('three', 3);

  const second = await enter();
  await second.balance();
  await first.balance();
  const part = first.slots.get('three') as number;
  expect(part).toBeLessThan(3);
  expect(second.slots.get('three')).toBe(0);

  first.out.set('three', 2);
  expect(first.mayBook('three')).toBe(part > 2);
  await untilSettled([first, second]);
  expect((first.slots.get('three') as number) + (second.slots.get('three') as number)).toBe(3);
});

test('whoever books and gives back, comes and goes: together never more than there are slots', async () => {
  const replicas = await Promise.all([enter(), enter(), enter()]);
  let over = 0;
  let booked = 0;
  let on = true;
  const act = async () => {
    for (; on; await turn()) {
      const replica = replicas[Math.floor(Math.random() * replicas.length)] as Replica;
      for (const [target, concurrency] of WANTED) {
        const out = replica.outOf(target);
        if (Math.random() < 0.1 && out > 0) replica.out.set(target, out - 1);
        else if (replica.mayBook(target)) {
          replica.out.set(target, out + 1);
          booked++;
          if (total(replicas, target) > concurrency) over++;
        }
      }
    }
  };
  const acting = act();
  const balancing = replicas.map(async (_, at) => {
    for (let round = 0; round < 150; round++) {
      await (replicas[at] as Replica).balance();
      if (Math.random() > 0.1) continue;
      const leaving = replicas[at] as Replica;
      replicas[at] = await enter();
      // What it still had out ends with it.
      leaving.out.clear();
      await leaving.leave();
    }
  });
  await Promise.all(balancing);
  on = false;
  await acting;
  expect(over).toBe(0);
  expect(booked).toBeGreaterThan(100);
});
