/** The one list of states, and the SQL that cannot read it. */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EVENT_STATES, isEnd, statesInSql } from '../../src/inbox/event-states.ts';

const MIGRATIONS = globSync('src/inbox/{sqlite,postgres}/migrations/0001-inbox.sql');

test.each(MIGRATIONS)('%s lets work have the open states, and no other', (file) => {
  const sql = readFileSync(file, 'utf8');
  const [, list] = /state\s+text\s+NOT NULL CHECK \(state IN \(([^)]+)\)\)/i.exec(sql) ?? [];
  expect(list?.split(', ').sort()).toEqual(statesInSql('open').split(', ').sort());
});

test('there are migrations of both databases to compare with', () => {
  expect(MIGRATIONS).toHaveLength(2);
});

test('every state is open or an end', () => {
  const states = Object.keys(EVENT_STATES) as (keyof typeof EVENT_STATES)[];
  expect(states.filter(isEnd).map((state) => `'${state}'`)).toEqual(statesInSql('end').split(', '));
});
