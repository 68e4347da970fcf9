/** How the console says that something cannot be done: a title, as in problem+json. */
import type { Response } from 'express';

export const OTHER_INBOX = 'this service has another inbox';

export function sayTitle(response: Response, status: number, title: string): void {
  response.status(status).json({ title, status });
}
