/** The body of a Flexport-like event, of about so many bytes: `id` stands behind a large `data`, as in real ones. */
const LEG = `{"_object":"/shipment_leg","id":7104426,"carrier_name":"Lombard","pieces":13,"tracking_number":null}`;
const HEAD = '{"_object":"/event","data":{"containers":[';
const TAIL = ',"occurred_at":"2026-05-11T11:00:00.000Z","type":"/shipment_leg#arrived","version":2}';
const ID = ',"id":';
const ID_DIGITS = 15;

/** What stands before and behind the id's 15 digits. */
export function bodyOf(bytes: number): { readonly before: string; readonly behind: string } {
  const fixed = HEAD.length + ']}'.length + ID.length + ID_DIGITS + TAIL.length;
  const legs = Math.max(1, Math.round((bytes - fixed) / (LEG.length + 1)));
  return { before: `${HEAD}${Array(legs).fill(LEG).join(',')}]}${ID}`, behind: TAIL };
}
