/** The rows of the night, in the order in which they are printed. Each says what goes wrong, and what an operator does about it. */
import { address } from './rows/address.ts';
import { clock } from './rows/clock.ts';
import { disk } from './rows/disk.ts';
import { flood } from './rows/flood.ts';
import { hanging } from './rows/hanging.ts';
import { killed } from './rows/killed.ts';
import { receiver } from './rows/receiver.ts';
import { removed } from './rows/removed.ts';
import { replay } from './rows/replay.ts';
import { rotation } from './rows/rotation.ts';
import { throwing } from './rows/throwing.ts';
import type { Scene } from './scene.ts';

export interface RowOptions {
  /** How many a bulk replay goes through. */
  readonly events: number;
}

export interface Row {
  readonly name: string;
  /** Nothing is played beside it: it fills the machine. */
  readonly isAlone?: boolean;
  /** Loses nothing by itself, so that nobody need be told. */
  readonly isQuiet?: boolean;
  /** Why it cannot be played here. */
  readonly missing?: () => string | undefined;
  readonly play: (scene: Scene, options: RowOptions) => Promise<void>;
}

export const ROWS: readonly Row[] = [
  rotation,
  address,
  disk,
  throwing,
  hanging,
  clock,
  killed,
  flood,
  removed,
  receiver,
  replay,
];
