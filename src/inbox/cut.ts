/** Cuts a member that is a credential out of a body, byte by byte. identity.ts has it done to what is stored. */
import { jsonStartOf } from '../base/json-text.ts';
import { type JsonMember, membersAt, skipString } from '../base/json-walk.ts';

/** A body without the top-level member that is a credential: nothing else of it is written anew. */
export function withoutMember(name: string, body: Buffer, isJson: boolean): Buffer {
  const text = body.toString('latin1');
  if (!isJson) return withoutByPattern(name, body, text);
  const members = [...membersAt(text, jsonStartOf(body))];
  const kept: Buffer[] = [];
  let from = 0;
  let keptOne = false;
  for (const [at, member] of members.entries()) {
    if (member.name !== name) {
      keptOne = true;
      continue;
    }
    // Behind a member that stays, the comma before goes too; otherwise the comma behind.
    const start = keptOne ? (members[at - 1] as JsonMember).valueEnd : member.start;
    const end = keptOne ? member.valueEnd : (members[at + 1]?.start ?? member.valueEnd);
    kept.push(body.subarray(from, start));
    from = end;
  }
  return kept.length === 0 ? body : Buffer.concat([...kept, body.subarray(from)]);
}

/** A body that is not JSON is held as it came, but a credential that can be seen in it is still cut. */
function withoutByPattern(name: string, body: Buffer, text: string): Buffer {
  const opening = new RegExp(`"${name}"\\s*:\\s*"`, 'g');
  const kept: Buffer[] = [];
  let from = 0;
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    kept.push(body.subarray(from, found.index));
    const behind = skipString(text, opening.lastIndex - 1);
    const comma = /\s*,/y;
    comma.lastIndex = behind;
    from = comma.test(text) ? comma.lastIndex : behind;
    opening.lastIndex = from;
  }
  return kept.length === 0 ? body : Buffer.concat([...kept, body.subarray(from)]);
}
