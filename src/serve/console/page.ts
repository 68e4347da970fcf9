/**
 * The form of a page: what it is asked, what it reads, and how that is shown. The rows of pages.ts are of it; routes, menu, smoke tests
 * and docs/console.md are made of them. What a page has read is its JSON, at the same URL, for whoever asks for JSON; it is shared by
 * all who look within a second, so it depends on the URL alone and never on who asks.
 */
import type { ThreadCalls } from '../../base/thread-calls.ts';
import type { HandlerLimits } from '../../deliver/handler.ts';
import type { Inbox, Route } from '../../inbox/contract.ts';
import type { InboxReading } from '../../inbox/reading.ts';
import type { Judgement } from '../../inbox/refused/judgement.ts';
import type { RefusedCalls } from '../../inbox/refused/thread.ts';
import type { StoredSource } from '../../inbox/stored-source.ts';
import type { Allowed } from '../../verify/ip-allowlist.ts';
import type { Checklist } from '../check/checklist.ts';
import type { Config } from '../config/config.ts';
import type { ServiceStatus } from '../status.ts';
import type { AccessLevel } from './access.ts';
import type { Markup } from './html.ts';
import type { Link } from './links.ts';

/** What pages read from. */
export interface PageSource {
  readonly inbox: Inbox;
  readonly reading: InboxReading;
  readonly status: () => Promise<ServiceStatus>;
  /** The newest reading of the settings. There are secrets in it: a page takes what it names, and nothing whole. */
  readonly config: () => Config;
  /** The sources as the inbox knows them. */
  readonly sources: () => ReadonlyMap<string, StoredSource>;
  /** Handlers as they are wired, by full name. */
  readonly handlers: () => ReadonlyMap<string, HandlerLimits & { readonly route: Route }>;
  /** Whom the allowlist of a source lets in at present. */
  readonly allowed: (source: string) => readonly Allowed[];
  /** Refused requests as this machine keeps them. */
  readonly refused: Pick<ThreadCalls<RefusedCalls>, 'ask'>;
  /** What would become of a refused request now; undefined if it is not there any more. */
  readonly judge: (id: string) => Promise<Judgement | undefined>;
  readonly checklist: Checklist;
}

export interface PageRequest {
  /** The parts of the path that the row names, as `id` of `/events/:id`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly now: number;
}

/** The person who looks, and the page that it is for. */
export interface View {
  readonly link: Link;
  readonly may: AccessLevel;
  readonly query: URLSearchParams;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The name of the inbox, which every write names. */
  readonly inbox: string;
}

export interface ConsolePage<Data> {
  /** As Express has it. */
  readonly path: string;
  readonly title: string;
  /** What follows it on one that is about something. */
  subject?(data: Data): string;
  /** Of its entry in the menu; left out if it has none. */
  readonly nav?: string;
  /** What its JSON has, member by member, for docs/console.md. */
  readonly fields: Readonly<Record<keyof Data & string, string>>;
  /** Throws PageError if there is nothing to show. */
  read(from: PageSource, asked: PageRequest): Promise<Data>;
  show(data: Data, view: View): Markup;
}

/** A file that is saved, never shown: what is in it may be anything. */
export interface Download {
  readonly path: string;
  read(from: PageSource, asked: PageRequest): Promise<Saved>;
}

export interface Saved {
  readonly name: string;
  readonly content: Uint8Array | AsyncIterable<string>;
}

/** What a page cannot show, in words for a person; `status` as in HTTP. */
export class PageError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A row of any kind of data, as the table holds it. */
export type AnyPage = ConsolePage<never>;

/** Keeps what a row reads and what it shows of one kind. */
export function definePage<Data extends object>(page: ConsolePage<Data>): AnyPage {
  return page as unknown as AnyPage;
}
