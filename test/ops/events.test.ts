/** `consignee events` beside the running service and, by the same words, without it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../harness/command.ts';
import {
  deliver,
  outcomes,
  SECRETS,
  seen,
  tell,
  untilOutcome,
  WIRING,
  wired,
  workOf,
} from '../harness/deliver.ts';
import { type Ended, useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import type { RunningService } from '../harness/service.ts';
import { waitFor } from '../harness/waiting.ts';

const { consignee } = useFolder();
const folders: string[] = [];
let folder: string;
let service: RunningService;
let done: string;
let dead: string;
let held: string;
let env: Record<string, string>;

const BODY = '{"id":"done-one","type":"told","steps":["ok"],"order":"PO-7 1"} ';

/** A service of its own with three events: one done, one dead, one held. */
async function setTheScene(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  folders.push(folder);
  service = await openService(wired({ folder }));
  env = settingsOf(service);
  done = (await deliver(service, 'jobs', BODY)).id;
  dead = await tell(service, 'jobs', 'throw', 'throw', 'throw', 'ok');
  held = (await deliver(service, 'pair', 'not json\u001b[2J')).id;
  await untilOutcome(service, done, 'done');
  await untilOutcome(service, dead, 'dead');
}
beforeAll(setTheScene);
afterAll(async () => {
  await service.stop();
  for (const used of folders) rmSync(used, { recursive: true });
});

function settingsOf({ inboxPath, consolePort }: RunningService) {
  return { ...SECRETS, DATABASE_URL: `sqlite:${inboxPath}`, CONSOLE_PORT: String(consolePort) };
}

const events = (...args: string[]): Promise<Ended> => consignee(['events', ...args, '--config', WIRING], env);
const ids = ({ records }: Ended) => records.map(({ id }) => id);

/** What only looks must say the same with the service and without it. */
function looking(): void {
  test('list shows what there is, newest first', async () => {
    const { code, records, output } = await events('list', '--json');
    expect(code).toBe(0);
    expect(records.map(({ id }) => id)).toEqual([held, dead, done]);
    expect(records[2]).toMatchObject({
      source: 'jobs',
      type: 'told',
      externalId: 'done-one',
      bytes: BODY.length,
      held: null,
      receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      handlers: [{ handler: 'jobs/work', state: 'done', attempts: 1, due: null }],
    });
    expect(output).not.toContain('\u001b');
    const lines = (await events('list')).output.trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^event +received +source +type +handlers$/),
      expect.stringMatching(`^${held} .*pair .*one: held, two: held {2}\\(the body is not JSON\\)`),
      expect.stringMatching(`^${dead} .*jobs .*work: dead \\(Error: as told\\)$`),
      expect.stringMatching(`^${done} .*jobs .*work: done$`),
      '3 of 3, newest first.',
    ]);
  });

  test('list can be narrowed down by state, source, type and number', async () => {
    expect(ids(await events('list', '--json', '--state', 'dead'))).toEqual([dead]);
    expect(ids(await events('list', '--json', '--state', 'held'))).toEqual([held]);
    expect(ids(await events('list', '--json', '--state', 'done'))).toEqual([done]);
    expect(ids(await events('list', '--json', '--source', 'jobs'))).toEqual([dead, done]);
    expect(ids(await events('list', '--json', '--type', 'told', '--limit', '1'))).toEqual([dead]);
    expect((await events('list', '--state', 'pending')).output).toBe('No events.\n');
    expect(ids(await events('list', '--json', '--handler', 'jobs/work', '--type', 't*d'))).toEqual([
      dead,
      done,
    ]);
    expect(ids(await events('list', '--json', '--where', 'id=done-one'))).toEqual([done]);
    expect(ids(await events('list', '--json', '--their-id', 'done-one'))).toEqual([done]);
    expect(ids(await events('list', '--json', '--search', 'not json'))).toEqual([held]);
    expect(ids(await events('list', '--json', '--since', '1h', '--held'))).toEqual([held]);
    expect((await events('list', '--until', '1h')).output).toBe('No events.\n');
  });

  test('list goes on where the page before ended, as it says itself', async () => {
    const first = await events('list', '--source', 'jobs', '--limit', '1', '--config', WIRING);
    const [, command] =
      /^1 of 2, newest first\.\nNext page:\n {2}consignee events (.*)$/m.exec(first.output) ?? [];
    const second = await events(...String(command).split(' '));
    expect(second.output).toMatch(new RegExp(`\n${done} .*\n1 of 2, newest first\\.\n$`));
    const ofProgram = await events('list', '--json', '--source', 'jobs', '--limit', '1');
    expect(ids(ofProgram)).toEqual([dead]);
    expect(ofProgram.output).toContain(`--cursor ${dead}`);
  });

  test('find takes what people have in their hands', async () => {
    expect(ids(await events('find', '--json', 'done-one'))).toEqual([done]);
    expect(ids(await events('find', '--json', dead))).toEqual([dead]);
    expect(ids(await events('find', '--json', 'po71'))).toEqual([done]);
    expect(ids(await events('list', '--json', '--key', 'PO 71'))).toEqual([done]);
    expect((await events('show', done)).output).toMatch(/\n {2}order +PO-7 1\n/);
    expect((await events('find', 'done-one')).output).toContain(
      'Found by their id.\n1 of 1, newest first.\n',
    );
    const nothing = await events('find', "it's");
    expect(nothing).toMatchObject({ code: 1, output: expect.stringContaining("list --search 'it'\\''s'\n") });
    expect((await events('find', 'ref_0c5f2a9b3d4e0112')).output).toContain('events refused show ref_0c5f');
  });

  test('a name that the wiring does not know is told of', async () => {
    const { output } = await events('list', '--handler', 'nope/nope');
    expect(output).toMatch(
      /^There is no handler nope\/nope in config\/sources\.ts \(but .*jobs\/work.*\)\.\nNo events\.\n$/,
    );
  });

  test('show tells of one event; --body gives its exact bytes', async () => {
    const { code, output } = await events('show', dead);
    expect(code).toBe(0);
    expect(output).toMatch(/jobs\/work +dead, attempts: 3/);
    expect(output.match(/#\d {2}retry/g)).toHaveLength(2);
    expect(output).toMatch(/Error: as told\n {8}at Object.throw \(.*act\.ts:\d+:\d+\)/);
    expect((await events('show', done, '--body')).output).toBe(BODY);
    const [record] = (await events('show', done, '--json')).records;
    expect(record).toMatchObject({ id: done, body: BODY, attempts: [{ outcome: 'done', attempt: 1 }] });
    expect(JSON.stringify(record)).not.toContain('sha256=');
  });

  test('failures shows what failed alike, with file and line, in 80 columns', async () => {
    const { code, output } = await events('failures');
    const [head, words, place, ...rest] = output.split('\n');
    expect([code, words]).toEqual([0, '    Error: as told']);
    expect(head).toMatch(/^[0-9a-f]{16} {2}jobs\/work {2}1 dead, 0 retrying$/);
    expect(place).toMatch(/^ {8}at Object.throw \(.*act\.ts:\d+:\d+\)$/);
    expect(rest.join('\n')).toMatch(/first 20[\d-]+ [\d:]{8}Z, last 20[\d-]+ [\d:]{8}Z, 3 attempts\n/);
    expect(rest).toContain(`    newest ${dead}`);
    expect(output).toContain(`consignee events replay --cause CAUSE`);
    for (const line of output.split('\n')) if (!line.includes(' at ')) expect(line.length).toBeLessThan(81);
    const { records } = await events('failures', '--json', '--handler', 'jobs/work', '--since', '1h');
    expect(records).toMatchObject([
      { cause: head?.slice(0, 16), dead: 1, retrying: 0, seen: 3, newest: [dead] },
    ]);
    const none = 'Nothing has failed that is still open.\n';
    expect((await events('failures', '--handler', 'jobs/none')).output).toContain(none);
    expect(await events('failures', '--since', 'soon')).toMatchObject({
      code: 64,
      output: expect.stringContaining('--since is no time: soon'),
    });
  });
}

describe('with the service running', () => {
  looking();

  test('mistakes are named, and nothing changes', async () => {
    const cases: [string[], number, string][] = [
      [[], 64, 'events has no verb'],
      [['remove', done], 64, 'events has no verb remove'],
      [['show'], 64, 'show wants an event id'],
      [['replay'], 64, 'replay wants event ids, or a state'],
      [['replay', '--state', 'handling', '--yes'], 64, 'replay cannot be done to what is being handled'],
      [['discard', '--state', 'done', '--yes'], 64, 'discard has nothing to do with what is done'],
      [['replay', '--source', 'jobs', '--yes'], 64, 'replay wants event ids, or a state'],
      [['replay', '--state', 'dead'], 64, 'nobody is here to be asked: say --yes if you mean it'],
      [['replay', '--state', 'done', '--yes'], 64, 'only with the number that was counted: --yes --count 1'],
      [['replay', '--state', 'done', '--yes', '--count', '7'], 64, 'it is 1 now, not 7: nothing has changed'],
      [['replay', done, '--dry-run'], 64, '--dry-run and --count are for what is selected'],
      [['actions', 'cancel', '99'], 1, 'there is no action 99'],
      [['actions', 'cancel'], 64, 'actions cancel wants the number of an action'],
      [['actions', 'undo'], 64, 'events actions has no verb undo'],
      [['replay', 'evt_1'], 64, 'evt_1 is not an event id'],
      [['list', '--state', 'lost'], 64, '--state names no state: lost'],
      [['list', '--since', 'soon'], 64, '--since is no time: soon. Write a time'],
      [['list', '--cursor', '20'], 64, '--cursor wants the id of an event'],
      [['show', done, '--type', 'told'], 64, 'show does not take --type; it takes --body, --json'],
      [['tail', '--since', '2h'], 64, 'tail does not take --since'],
      [['verify', '--all', '--source', 'jobs'], 64, 'verify does not take --source'],
      [['replay', done, '--limit', '5'], 64, 'replay does not take --limit'],
      [['refused', 'list', '--handler', 'jobs/work'], 64, 'refused does not take --handler'],
      [['find'], 64, 'find wants one text'],
      [['list', '--limit', '-1'], 64, '--limit'],
      [['show', 'evt_00000000000001'], 1, 'there is no event evt_00000000000001'],
      [['replay', 'evt_00000000000001'], 1, 'no such event'],
      [['list', `${done}-0`], 64, `${done}-0 is an item of an event: name the event, ${done}`],
      [['discard', `${done}-0`, '--state', 'dead'], 64, 'is an item of an event'],
      [['replay', `${done}-0`], 1, 'no such event'],
      [['show', `${done}-0`], 1, `there is no event ${done}-0`],
      [['replay', done, '--handler', 'jobs/none'], 1, 'jobs/none is not one of its handlers'],
    ];
    for (const [args, code, says] of cases) {
      expect(await events(...args)).toMatchObject({ code, output: expect.stringContaining(says) });
    }
    expect(outcomes(service, done)).toEqual(['done']);
  });

  test('replay runs a finished event and a dead one again, under the same id', async () => {
    const { code, output } = await events('replay', done, dead);
    expect([code, output]).toEqual([
      0,
      `${done}  goes to one handler again\n${dead}  goes to one handler again\n`,
    ]);
    await untilOutcome(service, dead, 'done');
    await waitFor(
      () => outcomes(service, done).length === 2,
      20_000,
      () => service.output(),
    );
    expect(outcomes(service, done)).toEqual(['done', 'done']);
    expect(seen(service, done).map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
    expect(workOf(service, dead)).toEqual([]);
  });

  test('replay of everything in a state, for one handler, and discard of the rest', async () => {
    const which = ['--state', 'held', '--handler', 'pair/two'];
    expect((await events('replay', ...which, '--dry-run')).output).toBe(
      'replays 1 delivery of 1 handler: pair/two 1 (held, of pair/two)\n',
    );
    const replayed = await events('replay', ...which, '--yes', '--json');
    expect(replayed).toMatchObject({
      code: 0,
      records: [{ verb: 'replay', state: 'done', found: 1, changed: 1 }],
    });
    // What is not JSON is an error to that handler, until it is dead.
    await untilOutcome(service, held, 'dead');
    expect(workOf(service, held).map(({ state }) => state)).toEqual(['held', 'dead']);
    const discarded = await events('discard', held);
    expect([discarded.code, discarded.output]).toEqual([0, `${held}  taken off the list of 2 handlers\n`]);
    expect(workOf(service, held)).toEqual([]);
    expect((await events('discard', held)).output).toBe(`${held}  was on no handler’s list\n`);
  });

  test('tail shows what comes in, and only that', async () => {
    const tail = run(['events', 'tail', '--json', '--source', 'jobs', '--config', WIRING], { env });
    // It says nothing until something comes: events are sent until it does.
    const sent: string[] = [];
    while (tail.lines().length === 0 && sent.length < 400) {
      sent.push(await tell(service, 'jobs', 'ok'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const last = await tell(service, 'jobs', 'ok');
    await tell(service, 'quiet', 'ok');
    await waitFor(
      () => tail.lines().some(({ id }) => id === last),
      20_000,
      () => tail.output(),
    );
    tail.process.kill('SIGTERM');
    const shown = tail.lines().map(({ id }) => id);
    expect([...sent, last]).toEqual(expect.arrayContaining(shown));
    expect(shown).toEqual([...new Set(shown)].sort());
    expect(
      shown.every((id) => service.sql('SELECT id FROM events WHERE id = ?', String(id)).length === 1),
    ).toBe(true);
  });

  test('an order is refused where the console is not that of the inbox’s owner', async () => {
    const other = await openService({ ...wired(), writesWhereItRuns: false });
    for (const CONSOLE_PORT of [String(other.consolePort), '1']) {
      const { code, output } = await consignee(['events', 'replay', done, '--config', WIRING], {
        ...env,
        CONSOLE_PORT,
      });
      expect(code).toBe(1);
      expect(output).toMatch(/another inbox|CONSOLE_PORT/);
    }
    expect(outcomes(service, done)).toEqual(['done', 'done']);
    await other.stop();
  });
});

describe('without the service', () => {
  beforeAll(async () => {
    await service.stop();
    await setTheScene();
    await service.stop();
  });

  looking();

  test('what is ordered is done when the service starts again', async () => {
    const ordered = await events('replay', '--state', 'dead', '--yes');
    expect(ordered).toMatchObject({ code: 0 });
    expect(ordered.output).toMatch(
      /^replays 1 delivery of 1 handler: jobs\/work 1 \(dead\)\nAction \d: 1 delivery found, 1 replayed, 0 skipped, 0 failed\.\n$/,
    );
    expect((await events('discard', held, '--handler', 'pair/one')).code).toBe(0);
    expect(workOf(service, dead)).toEqual([{ handler: 'jobs/work', state: 'pending', attempts: 0 }]);
    expect(workOf(service, held)).toMatchObject([{ handler: 'pair/two', state: 'held' }]);
    service = await openService(wired({ folder }));
    await untilOutcome(service, dead, 'done');
  });

  test('where there is no inbox yet the command says so and makes none', async () => {
    const DATABASE_URL = `sqlite:${folder}/none.db`;
    const { code, output } = await consignee(['events', 'list'], { DATABASE_URL });
    expect([code, output]).toEqual([1, expect.stringContaining('there is no inbox at')]);
    expect(existsSync(`${folder}/none.db`)).toBe(false);
  });
});
