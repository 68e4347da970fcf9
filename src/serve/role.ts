/** The part of the work that a process does: with PostgreSQL, different processes may receive and handle. */
export type Role = 'both' | 'receive' | 'dispatch';
