import assert from 'node:assert/strict';
import test from 'node:test';
import { shippo } from 'consignee';
import { eventFrom, sampleEvent, tryHandler } from 'consignee/testing';
import { announce } from '../config/announce.ts';

test('an event is announced', async () => {
  const tried = await tryHandler(announce, sampleEvent(shippo));
  assert.equal(tried.outcome, 'done');
  assert.equal(tried.lines[0]?.message, 'shippo says track_updated');
});

test('what is not JSON is discarded', async () => {
  const tried = await tryHandler(announce, eventFrom(shippo, 'not JSON'));
  assert.equal(tried.outcome, 'discarded');
});
