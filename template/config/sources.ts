/**
 * Who may send, and what happens then: one line a source. A source listens on /webhooks/<name>, and is on as soon as one of
 * its settings is there (.env). `npx consignee add <provider>` adds a line.
 */
import { defineSources } from 'consignee';

export default defineSources([]);
