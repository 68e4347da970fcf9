/** The process that makes one examination, and ends. Started by checklist.ts, which sends what is to be examined. */
import type { ServiceStatus } from '../status.ts';
import { type Examined, examine } from './examination.ts';

process.once('message', async ({ examined, status }: { examined: Examined; status: ServiceStatus }) => {
  try {
    const { settings, secrets, place } = await examine(examined, status);
    process.send?.({ findings: [...settings, ...secrets, ...place] }, () => process.disconnect?.());
  } catch (error) {
    process.send?.({ failure: (error as Error).message }, () => process.disconnect?.());
  }
});
