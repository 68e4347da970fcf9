/** How the console says that something cannot be done: a title, as in problem+json, or a page with it for a person. */
import type { Request, Response } from 'express';

export const OTHER_INBOX = 'this service has another inbox';

/** Whether a person asks: a browser names HTML, a program takes anything. */
export function wantsHtml(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

export function sayTitle(response: Response, status: number, title: string): void {
  const { showTitle } = response.locals as { showTitle?: (status: number, title: string) => void };
  if (showTitle && wantsHtml(response.req)) showTitle(status, title);
  else response.status(status).json({ title, status });
}
