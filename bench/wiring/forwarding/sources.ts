/** For bench/down.ts: one target that is well, and perhaps one that is not. */
import { flexport, forward, type SourceWiring } from 'consignee';

const { HEALTHY_URL = '', DOWN_URL } = process.env;
const to = (url: string) => forward({ url, unsigned: true, allow: ['loopback'] });

export default [
  {
    preset: flexport,
    handlers: { healthy: to(HEALTHY_URL), ...(DOWN_URL !== undefined && { down: to(DOWN_URL) }) },
  },
] satisfies SourceWiring[];
