/** What came of an act, for the page that is shown after it: in a cookie, since the next request may come to another replica. */
import type { Request, Response } from 'express';

export interface Flash {
  readonly isGood: boolean;
  readonly says: string;
}

const FLASH_COOKIE = 'consignee-flash';
const FLASH_SECONDS = 30;
const FLASH_LENGTH = 400;

export function setFlash(response: Response, { isGood, says }: Flash): void {
  const value = Buffer.from(JSON.stringify({ isGood, says: says.slice(0, FLASH_LENGTH) })).toString(
    'base64url',
  );
  response.append('Set-Cookie', flashText(value, FLASH_SECONDS));
}

/** It is shown once. */
export function takeFlash(request: Request, response: Response): Flash | undefined {
  const [, value] = /(?:^|; *)consignee-flash=([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
  if (value === undefined) return undefined;
  response.append('Set-Cookie', flashText('', 0));
  try {
    const { isGood, says } = JSON.parse(Buffer.from(value, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    return { isGood: isGood === true, says: String(says) };
  } catch {
    return undefined;
  }
}

function flashText(value: string, seconds: number): string {
  return `${FLASH_COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;
}
