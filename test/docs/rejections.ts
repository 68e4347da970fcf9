/** What a reply function makes of two records, one of them without an address. */

import type { Reply } from '../../src/deliver/handler.ts';
import { eventFrom, tryReply } from '../../src/deliver/testing.ts';
import { flatfile } from '../../src/verify/presets/flatfile/preset.ts';

const record = (id: string, value: string) => ({
  id,
  valid: true,
  metadata: {},
  values: { email: { value } },
});

/** The ids of the records it rejects. */
export async function rejectedBy(reply: Reply): Promise<string[]> {
  const sheets = [
    {
      id: 'us_sh_1',
      name: 'Contacts',
      records: [record('us_rc_1', 'john@example.com'), record('us_rc_2', 'john')],
    },
  ];
  const answer = await tryReply(reply, eventFrom(flatfile, { workbook: { id: 'us_wb_1', sheets } }));
  if (answer.outcome !== 'answered') throw new Error(JSON.stringify(answer));
  const { rejections } = JSON.parse(answer.json);
  return rejections.sheets[0].rejectedRecords.map(({ id }: { id: string }) => id);
}
