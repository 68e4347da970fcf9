/**
 * Your handler: it runs once for each event, after the event is on disk and the provider has its answer.
 *
 *   return                        done
 *   throw                         it is tried again, later and later
 *   throw new Discard('why')      never again
 *
 * An event may come twice: `event.id` stays the same.
 */
import { Discard, type Handle } from 'consignee';

export const announce: Handle = (event, { log }) => {
  if (event.data === undefined) throw new Discard('its body is not JSON');
  log.info(
    { type: event.type, bytes: event.body.length },
    `${event.source} says ${event.type ?? 'something'}`,
  );
};
