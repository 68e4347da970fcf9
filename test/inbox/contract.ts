/**
 * What every inbox promises, whatever it is made of: asked through the Inbox interface of src/inbox/contract.ts, read back past
 * it. A driver's own test files call the halves, so that they may run at the same time.
 */
import { describe } from 'vitest';
import { actionsContract } from './contract-actions.ts';
import { alarmsContract } from './contract-alarms.ts';
import { causesContract } from './contract-causes.ts';
import { itemsContract } from './contract-items.ts';
import { newestContract } from './contract-newest.ts';
import { ordersContract } from './contract-orders.ts';
import { pausesContract } from './contract-pauses.ts';
import { purgeContract } from './contract-purge.ts';
import { receiptContract } from './contract-receipt.ts';
import { routesContract } from './contract-routes.ts';
import { talliesContract } from './contract-tallies.ts';
import { workContract } from './contract-work.ts';
import type { MakeDriver } from './driver.ts';

/** From the arrival of an event to its handlers. */
export function deliveryContract(name: string, makeDriver: MakeDriver): void {
  describe(`${name}: what is kept`, () => receiptContract(makeDriver));
  describe(`${name}: what is handed out`, () => workContract(makeDriver));
  describe(`${name}: who wants what`, () => routesContract(makeDriver));
  describe(`${name}: the newest state only`, () => newestContract(makeDriver));
  describe(`${name}: the items of a batch`, () => itemsContract(makeDriver));
}

/** What is ordered, counted and told of events that are there. */
export function operationContract(name: string, makeDriver: MakeDriver): void {
  describe(`${name}: what an operator orders`, () => ordersContract(makeDriver));
  describe(`${name}: what is kept of alarms`, () => alarmsContract(makeDriver));
  describe(`${name}: why it failed`, () => causesContract(makeDriver));
  describe(`${name}: what a person has paused`, () => pausesContract(makeDriver));
  describe(`${name}: what is ordered of many`, () => actionsContract(makeDriver));
  describe(`${name}: what is purged`, () => purgeContract(makeDriver));
  describe(`${name}: what is counted`, () => talliesContract(makeDriver));
}
