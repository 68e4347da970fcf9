/** For bench/scale.ts: the service's own knobs, but for partitions and for how long keys stay. */

import type { ServiceKnobs } from 'consignee';
import own from '../../../config/service.ts';

const { PARTITION_DAYS, IDENTITY_DAYS } = process.env;

export default {
  ...own,
  postgres: { ...own.postgres, partitionDays: Number(PARTITION_DAYS) },
  identityDays: Number(IDENTITY_DAYS),
} satisfies ServiceKnobs;
