/**
 * The mark of a database into which an inbox is being moved. As long as it stands in `meta`, nobody works there: no replica
 * takes its place (so nothing is received, handed out or purged), and no command looks in. Set and taken away by
 * move-in.ts; heeded by schema.ts, lease.ts and reader.ts.
 */
import type { Problem } from '../../base/errors.ts';
import type { Asked } from './connection.ts';

export interface Moving {
  /** The name of the inbox that moves in. */
  readonly inbox: string;
  /** The place it comes from, as people are to see it. */
  readonly from: string;
}

/** The mark; undefined if no inbox is being moved in. */
export async function movingIn(asked: Asked): Promise<Moving | undefined> {
  const value = await metaOf(asked, 'moving');
  return value === undefined ? undefined : (JSON.parse(value) as Moving);
}

export function movingProblem(place: string, { from }: Moving): Problem {
  const wrong = `names PostgreSQL at ${place}, into which an inbox is being moved from ${from}`;
  const fix = 'Run `consignee migrate` again, as before: it finishes what it began.';
  return { setting: 'DATABASE_URL', wrong, fix };
}

/** The name of the inbox that is there. */
export async function inboxAt(asked: Asked): Promise<string | undefined> {
  return await metaOf(asked, 'inbox');
}

/** The time at which that inbox has moved in; undefined if it has not. */
export async function movedInAt(asked: Asked, inbox: string): Promise<string | undefined> {
  return await metaOf(asked, keyOfMoved(inbox));
}

export function keyOfMoved(inbox: string): string {
  return `moved from ${inbox}`;
}

async function metaOf(asked: Asked, key: string): Promise<string | undefined> {
  const { rows } = await asked.query<{ value: string }>('SELECT value FROM meta WHERE key = $1', [key]);
  return rows[0]?.value;
}
