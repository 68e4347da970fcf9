/**
 * The knobs: what is no secret and rarely differs between environments. docs/knobs.md has them all, with their defaults.
 *
 * Write only what is to differ, as in { shutdownGraceMs: 20_000, handler: { maxAttempts: 30 } }. What is left out, all of this
 * file if you like, has its default, of a newer version as well.
 */
import type { ServiceKnobs } from 'consignee';

export default {} satisfies ServiceKnobs;
