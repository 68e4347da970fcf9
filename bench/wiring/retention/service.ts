/** For bench/scale.ts: partitions, and how long keys stay. */

import type { ServiceKnobs } from 'consignee';

const { PARTITION_DAYS, IDENTITY_DAYS } = process.env;

export default {
  postgres: { partitionDays: Number(PARTITION_DAYS) },
  identityDays: Number(IDENTITY_DAYS),
} satisfies ServiceKnobs;
