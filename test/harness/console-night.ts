/**
 * A realistic night in an SQLite inbox, for pages to show: several sources by their own hours, a rotation of a secret under way, a
 * handler whose other side has been down since two o'clock, one that a person has paused, some events held, refusals, alarms, and an
 * action under way. What is hostile is there too: a body with script and characters that turn text around.
 */
import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { causeOf } from '../../src/inbox/cause.ts';
import { firstNumberAt } from '../../src/inbox/event-id.ts';
import { externalIdentityOf } from '../../src/inbox/identity.ts';
import { bytesOfTimes, noTimes } from '../../src/inbox/tallies.ts';

export interface Night {
  readonly events: number;
  /** The morning after. */
  readonly now: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Of the night itself; the rest of the events lies before. */
const SPAN_MS = 30 * 24 * HOUR_MS;

export const HOSTILE_TYPE = '<script>alert(1)</script>\u202egpj.exe';
export const HOSTILE_BODY = `{"note":"</pre><script>alert('x')</script> \u202etxt.exe\u0007","big":12345678901234567890,"id":"hostile-1"}`;
/** A parcel that has a history. */
export const PARCEL = '9205590164917312751089';

const SOURCES = [
  {
    name: 'flexport',
    handlers: ['flexport/log'],
    types: ['/shipment_leg#arrived', '/shipment_leg#departed', '/invoice#shared'],
    part: 0.2,
  },
  {
    name: 'shippo',
    handlers: ['shippo/log'],
    types: ['track_updated', 'transaction_created', 'batch_created'],
    part: 0.6,
  },
  {
    name: 'flintn',
    handlers: ['flintn/log'],
    types: ['transaction.settled', 'transaction.declined'],
    part: 0.2,
  },
] as const;
/** How each signs, as evidence names it. */
const FORMS: Readonly<Record<string, string>> = {
  flexport: 'X-Hub-Signature-256 sha256',
  shippo: 'Shippo-Auth-Signature sha256',
  flintn: 'X-Signature-Primary sha256',
};

const DOWN = 'fetch failed: connect ECONNREFUSED 10.0.4.17:8443 (erp.internal)';
const ODD = 'no order 551893 in the ERP\n    at updateOrder (config/orders.ts:41:11)';

export const REFUSED_IDS = ['ref_00000000000000a1', 'ref_00000000000000a2', 'ref_00000000000000a3'];

type Row = readonly (string | number | Uint8Array | null)[];

/** Fills an inbox that a service has made, and that none has open. */
export function fillNight(path: string, { events, now }: Night): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = OFF; BEGIN');
  const insert = (table: string, columns: string) => {
    const places = columns.split(',').map(() => '?');
    const statement = database.prepare(
      `INSERT OR REPLACE INTO ${table} (${columns}) VALUES (${places.join(',')})`,
    );
    return (...row: Row) => statement.run(...row);
  };
  const event = insert(
    'inbox',
    'number,received_at,source,identity,digest,type,external_id,is_json,held,address,headers,body,evidence',
  );
  const work = insert('work', 'event,handler,state,attempts,due,alone,cause');
  const attempt = insert('attempts', 'event,handler,started_at,attempt,ms,outcome,error,status,output');
  const tally = insert('tallies', 'step,bucket,kind,subject,outcome,count,times');

  for (let at = 0; at < events; at++) {
    // The newest last; half of them within the last day.
    const back = at % 2 === 0 ? SPAN_MS * (1 - at / events) : (24 * HOUR_MS * (events - at)) / events;
    addEvent(at, Math.floor(now - back) - 5_000);
  }
  for (const [at, state] of ['PRE_TRANSIT', 'TRANSIT', 'DELIVERED', 'TRANSIT'].entries())
    addParcel(at, state);
  addHostile();
  addCounts();
  database.exec('COMMIT');
  database.close();

  function addEvent(at: number, time: number): void {
    const source = SOURCES[at % 5 < 3 ? 1 : at % 5 === 3 ? 0 : 2];
    const type = source.types[at % source.types.length] as string;
    const id = `${source.name}-${at}`;
    const body = JSON.stringify({
      id,
      type,
      event: type,
      data: {
        order_id: `PO-${at % 5_000}`,
        tracking_number: `1Z${String(at).padStart(16, '0')}`,
        status: 'DELIVERED',
      },
    });
    const number = firstNumberAt(time) + (at % 60) * 64;
    addRow(number, time, source.name, type, id, body, at % 4_999 === 7 ? 'its id cannot be read' : null);
    settle(number, source.handlers[0], time, at);
  }

  function addRow(
    number: number,
    time: number,
    source: string,
    type: string,
    id: string,
    body: string,
    held: string | null,
  ): void {
    const headers = JSON.stringify({
      'content-type': 'application/json',
      'user-agent': `${source}-webhooks/2.1`,
    });
    const secret = time > now - 3 * HOUR_MS && source === 'shippo' ? 'b6c1d2e3f405' : 'a1b2c3d4e5f6';
    const evidence = JSON.stringify([
      { scheme: 'hmac', form: FORMS[source], secret, signature: 'canary-signature' },
    ]);
    const bytes = Buffer.from(body);
    event(
      number,
      time,
      source,
      externalIdentityOf(source, id),
      hash('sha256', bytes, 'buffer'),
      type,
      id,
      1,
      held,
      '52.89.214.238',
      headers,
      bytes,
      evidence,
    );
  }

  function settle(number: number, handler: string, time: number, at: number): void {
    const isDown = handler === 'flintn/log' && time > now - 7 * HOUR_MS;
    if (at % 4_999 === 7) return void work(number, handler, 'held', 0, 0, 0, null);
    if (isDown || at % 997 === 3) {
      const error = isDown ? DOWN : ODD;
      const isDead = time < now - HOUR_MS;
      for (let one = 1; one <= (isDead ? 3 : 2); one++) {
        const isLast = isDead && one === 3;
        attempt(
          number,
          handler,
          time + one * MINUTE_MS,
          one,
          3_012,
          isLast ? 'dead' : 'retry',
          error,
          isDown ? null : '404',
          isDown ? null : '{"error":"not found"}',
        );
      }
      work(
        number,
        handler,
        isDead ? 'dead' : 'pending',
        isDead ? 3 : 2,
        isDead ? 0 : now + 10 * MINUTE_MS,
        0,
        causeOf(handler, error),
      );
    } else attempt(number, handler, time + 12, 1, 8 + (at % 40), 'done', null, '200', null);
  }

  function addParcel(at: number, state: string): void {
    const time = now - (8 - 2 * at) * HOUR_MS;
    const number = firstNumberAt(time) + 4_000;
    const id = `parcel-${at}`;
    // The last one was true before the delivery.
    const date = new Date(time - (at === 3 ? 4 : 0.1) * HOUR_MS).toISOString();
    const body = `{"event":"track_updated","id":"${id}","data":{"carrier":"usps","tracking_number":"${PARCEL}","tracking_status":{"status":"${state}","status_date":"${date}"}}}`;
    addRow(number, time, 'shippo', 'track_updated', id, body, null);
    settle(number, 'shippo/log', time, 1);
  }

  function addHostile(): void {
    const time = now - 2 * MINUTE_MS;
    addRow(
      firstNumberAt(time) + 4_001,
      time,
      'flexport',
      HOSTILE_TYPE,
      '"><img src=x onerror=alert(1)>',
      HOSTILE_BODY,
      null,
    );
    work(
      firstNumberAt(time) + 4_001,
      'flexport/log',
      'dead',
      1,
      0,
      0,
      causeOf('flexport/log', '<b>bold</b> \u001b[31mred'),
    );
    attempt(
      firstNumberAt(time) + 4_001,
      'flexport/log',
      time + 50,
      1,
      20,
      'dead',
      '<b>bold</b> \u001b[31mred',
      'exit 1',
      '<script>alert(2)</script>',
    );
  }

  function addCounts(): void {
    const counted = new Map<
      string,
      { readonly row: readonly [number, number, string, string, string]; count: number; place: number }
    >();
    const count = (
      step: 1 | 60,
      time: number,
      kind: string,
      subject: string,
      outcome: string,
      many: number,
      place = 2,
    ) => {
      const minute = Math.floor(time / MINUTE_MS);
      const row = [step, minute - (minute % step), kind, subject, outcome] as const;
      const entry = counted.get(row.join()) ?? { row, count: 0, place };
      entry.count += many;
      if (entry.count > 0) counted.set(row.join(), entry);
    };
    const busyAt = (time: number) =>
      3 + 5 * Math.max(0, Math.sin(((new Date(time).getUTCHours() - 5) / 24) * 2 * Math.PI));
    // Hours are the sums of their minutes, as far back as there are minutes.
    const firstMinute = Math.floor(now / HOUR_MS) * HOUR_MS - 26 * HOUR_MS;
    for (let time = now, minute = 0; time >= firstMinute; time -= MINUTE_MS, minute++) {
      for (const { name, handlers, part } of SOURCES) {
        const many = Math.round((busyAt(time) + (minute % 3) - 1) * part);
        const isDown = name === 'flintn' && minute < 7 * 60;
        const isWrong = name === 'shippo' && minute < 180 && minute % 5 === 0;
        for (const step of [1, 60] as const) {
          count(step, time, 'request', name, 'accepted', many, 1);
          count(step, time, 'request', name, 'duplicate', Number(minute % 17 === 0), 1);
          count(step, time, 'request', name, 'hmac_mismatch', Number(isWrong), 0);
          count(step, time, 'attempt', handlers[0], isDown ? 'retry' : 'done', many, isDown ? 8 : 3);
          count(step, time, 'attempt', handlers[0], 'dead', Number(isDown && minute % 9 === 0), 8);
          count(step, time, 'backlog', handlers[0], 'pending', isDown ? 2_600 - minute * 6 : minute % 4);
        }
      }
      for (const step of [1, 60] as const) count(step, time, 'backlog', '', 'looks', 1);
    }
    for (let hour = 27; hour < 40 * 24; hour++) {
      const time = now - hour * HOUR_MS;
      for (const { name, handlers, part } of SOURCES) {
        const many = Math.round(60 * busyAt(time) * part);
        count(60, time, 'request', name, 'accepted', many, busyAt(time) > 7 ? 2 : 1);
        count(60, time, 'request', name, 'duplicate', hour % 7, 1);
        count(60, time, 'request', name, 'hmac_mismatch', Number(hour % 31 === 0), 0);
        count(60, time, 'attempt', handlers[0], 'done', many, 3 + (hour % 3));
      }
    }
    for (const { row, count, place } of counted.values()) {
      // Most as quick as usual, some slower, few much slower.
      const few = Math.floor(count / 20);
      const some = Math.floor(count / 4);
      const times = noTimes()
        .with(place, count - some - few)
        .with(place + 1, some)
        .with(place + 2, few);
      tally(...row, count, bytesOfTimes(times));
    }
    const use = insert('secret_uses', 'source,scheme,secret,form,count,last_at');
    use('shippo', 'hmac', 'b6c1d2e3f405', FORMS.shippo as string, 2_114, now - MINUTE_MS);
    use('shippo', 'hmac', 'a1b2c3d4e5f6', FORMS.shippo as string, 61_200, now - 3 * HOUR_MS);
    use('flexport', 'hmac', 'a1b2c3d4e5f6', FORMS.flexport as string, 20_118, now - 4 * MINUTE_MS);
    const alarm = insert('alarms', 'kind,subject,since,over_at,says,fix,told_at,seen_at,heard,retries_until');
    alarm(
      'dead',
      'flintn/log',
      now - 6 * HOUR_MS,
      null,
      'flintn/log has dead events.',
      'consignee events failures says why; consignee events replay --state dead gives them to it again.',
      now,
      now,
      1,
      0,
    );
    alarm(
      'refusals',
      'shippo',
      now - 26 * HOUR_MS,
      now - 25 * HOUR_MS,
      'Half of the requests of shippo were refused.',
      'Compare the secret.',
      now,
      now,
      1,
      0,
    );
    insert('duplicates', 'event,count,last_at')(firstNumberAt(now - 2 * HOUR_MS) + 4_000, 3, now - HOUR_MS);
    const cause = insert('causes', 'handler,cause,sample,first_at,last_at,seen');
    cause('flintn/log', causeOf('flintn/log', DOWN), DOWN, now - 7 * HOUR_MS, now - MINUTE_MS, 812);
    for (const { handlers } of SOURCES)
      cause(handlers[0], causeOf(handlers[0], ODD), ODD, now - 20 * HOUR_MS, now - 2 * HOUR_MS, 41);
    insert('pauses', 'name,since,who,reason')(
      'flintn/log',
      now - 2 * HOUR_MS,
      'anna',
      'the ERP is down until nine',
    );
    const action = insert(
      'actions',
      'id,at,who,verb,about,up_to,cursor,state,found,changed,skipped,failed,remark,ended_at',
    );
    action(
      1,
      now - 2 * HOUR_MS,
      'anna',
      'pause',
      JSON.stringify({ name: 'flintn/log', reason: 'the ERP is down until nine' }),
      0,
      0,
      'done',
      1,
      1,
      0,
      0,
      null,
      now - 2 * HOUR_MS,
    );
    action(
      2,
      now - HOUR_MS,
      'ben',
      'replay',
      JSON.stringify({ state: 'dead', handler: 'shippo/log' }),
      0,
      0,
      'done',
      61,
      58,
      2,
      1,
      'its body has been purged',
      now - HOUR_MS + 4_000,
    );
  }
}
