/**
 * The options of `bigquery`. They stand apart from what imports Google's package: users who have not installed it read this
 * file's types.
 */
import type { GoogleOptions } from '../google.ts';
import type { Choices } from '../options.ts';

/** What is wrong with them is listed at the start. */
export interface BigQueryOptions extends GoogleOptions, Choices {
  /** Its name, without the project. */
  readonly dataset: string | undefined;
  /** Its name. `consignee setup` makes it. */
  readonly table: string | undefined;
  /** Where `consignee setup` creates the dataset, if it is not there. */
  readonly location?: string | undefined;
  /** How many rows go in one request at the most: 1 to 10,000, by default 500. */
  readonly batchRowsMax?: number | undefined;
  /** How long a row waits for others: by default 200. */
  readonly batchWaitMs?: number | undefined;
}
