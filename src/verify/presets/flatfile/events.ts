/**
 * Flatfile's events, as the event forwarder posts them (`src` holds the event) and as the API has them (`id` at the
 * top), and the egress plugin's workbook, which has no type. What a hand-written listener posts is its author's choice.
 * Payloads are typed where Flatfile's pages and examples agree. All ids are text such as `us_wb_…`.
 * Source: flatfile.com/docs/reference/events and core-concepts/records; FlatFilers/flatfile-plugins, flatfile-node.
 */
import type { Ids, Members, Open, Texts, Typed, Unlisted } from '../../event.ts';

export type * from './egress.ts';

type Life = 'created' | 'updated' | 'deleted';

/** @see https://flatfile.com/docs/reference/events#job-events */
export type FlatfileJobTopic =
  | `job:${'created' | 'ready' | 'scheduled' | 'updated' | 'completed' | 'failed'}`
  | `job:${'outcome-acknowledged' | 'parts-completed'}`;

/** @see https://flatfile.com/docs/reference/events#record-events */
export type FlatfileRecordsTopic = `records:${Life}`;

/** @see https://flatfile.com/docs/reference/events#commit-events */
export type FlatfileCommitTopic = `commit:${'created' | 'updated' | 'completed'}` | 'layer:created';

/** @see https://flatfile.com/docs/reference/events */
export type FlatfileOtherTopic =
  | 'job:deleted'
  | 'snapshot:created'
  | `${'agent' | 'action' | 'document' | 'secret' | 'canvas' | 'canvas-area' | 'thread'}:${Life}`
  | `workbook:${Life | 'expired'}`
  | `file:${Life | 'expired'}`
  | `sheet:${Life | 'counts-updated' | 'calculation-updated'}`
  | `space:${Life | 'archived' | 'unarchived' | 'expired' | 'guestAdded' | 'guestRemoved'}`
  | `environment:${Life | 'autobuild-created'}`
  | `program:${'created' | 'updated' | 'recomputing' | 'recomputed'}`
  | `data-clip:${Life | 'collaborator-updated'}`
  | `data-clip:resolutions-${'created' | 'refreshed' | 'updated'}`
  | `cron:${'5-minutes' | 'hourly' | 'daily' | 'weekly'}`;

/** @see https://flatfile.com/docs/reference/events */
export type FlatfileTopic =
  | FlatfileJobTopic
  | FlatfileRecordsTopic
  | FlatfileCommitTopic
  | FlatfileOtherTopic;

type CellChange<Name extends string> = Texts<Name> & {
  readonly previousValue: unknown;
  readonly newValue: unknown;
};

/**
 * The place in Flatfile where an event happened.
 * @see https://flatfile.com/docs/reference/events#event-structure
 */
export interface FlatfileContext
  extends Ids<'accountId' | 'environmentId' | 'spaceId' | 'workbookId' | 'sheetId' | 'sheetSlug'>,
    Ids<'snapshotId' | 'commitId' | 'versionId' | 'jobId' | 'programId' | 'fileId' | 'documentId'>,
    Ids<'actionId' | 'actionName' | 'appId' | 'dataClipId' | 'canvasId' | 'canvasAreaId' | 'threadId'>,
    Ids<'actorId' | 'precedingEventId'> {
  readonly namespaces?: readonly string[];
  readonly slugs?: Ids<'space' | 'workbook' | 'sheet'>;
}

/** @see https://flatfile.com/docs/reference/events#job-events */
export interface FlatfileJob {
  /** `domain:operation`, as in `space:configure`. */
  readonly job: string;
  readonly domain: string;
  readonly operation: string;
  readonly status: string;
  readonly info?: string;
  readonly isPart?: boolean;
  readonly input?: unknown;
  /** There with `job:parts-completed`. */
  readonly parts?: readonly Texts<'partId' | 'status' | 'completedAt'>[];
}

/** @see https://flatfile.com/docs/reference/events#record-events */
export interface FlatfileRecords {
  readonly sheetId?: string;
  readonly recordIds?: readonly string[];
  readonly recordCount?: number;
  /** There with `records:updated`. */
  readonly changes?: readonly CellChange<'recordId' | 'fieldKey'>[];
}

/** @see https://flatfile.com/docs/reference/events#commit-events */
export interface FlatfileCommit
  extends Ids<'sheetId' | 'sheetSlug' | 'workbookId' | 'commitId' | 'versionId' | 'layerId'> {
  /** There with `commit:updated`. */
  readonly changes?: readonly CellChange<'field'>[];
}

/** The members that both forms of an event have. `createdAt` is missing in some of Flatfile's own examples. */
interface Common<Payload> {
  readonly topic: string;
  readonly domain: Open<'space' | 'workbook' | 'sheet' | 'file' | 'job' | 'document' | 'program' | 'cron'>;
  readonly context: FlatfileContext;
  readonly payload: Payload;
  readonly createdAt?: string;
  readonly target?: string;
  readonly origin?: Ids<'id' | 'slug'>;
}

/**
 * The event as Flatfile's API has it.
 * @see https://reference.flatfile.com/api-reference/events
 */
export interface FlatfileApiEvent<Payload = Members> extends Common<Payload> {
  readonly id: string;
  readonly src?: never;
  readonly namespaces?: readonly string[];
  readonly attributes?: Members;
  readonly deletedAt?: string | null;
  readonly acknowledgedAt?: string | null;
  /** The id of the one who acknowledged it. */
  readonly acknowledgedBy?: string | null;
  readonly callbackUrl?: string;
  readonly dataUrl?: string;
}

/**
 * The event as the forwarder posts it: what the listener holds. `_accessToken` was cut out.
 * @see https://flatfile.com/docs/plugins/webhook-event-forwarder
 */
export interface FlatfileForwardedEvent<Payload = Members> extends Common<Payload> {
  readonly id?: never;
  readonly src: FlatfileApiEvent<Payload>;
  readonly action?: string;
  readonly namespace?: readonly string[];
  readonly cache?: Members;
  readonly afterAllCallbacks?: Members;
  readonly _apiUrl?: string;
}

/** @see https://flatfile.com/docs/reference/events */
export type FlatfileBody<Payload = Members> = FlatfileForwardedEvent<Payload> | FlatfileApiEvent<Payload>;

/** @see https://flatfile.com/docs/reference/events#job-events */
export type FlatfileJobEvent = Typed<FlatfileJobTopic, FlatfileBody<FlatfileJob>>;

/** @see https://flatfile.com/docs/reference/events#record-events */
export type FlatfileRecordsEvent = Typed<FlatfileRecordsTopic, FlatfileBody<FlatfileRecords>>;

/** @see https://flatfile.com/docs/reference/events#commit-events */
export type FlatfileCommitEvent = Typed<FlatfileCommitTopic, FlatfileBody<FlatfileCommit>>;

/**
 * Any event that a source with the preset `flatfile` receives. For one that gets the egress plugin's posts and nothing
 * else: FlatfileEgressEvent.
 * @see https://flatfile.com/docs/reference/events
 */
export type FlatfileEvent =
  | FlatfileJobEvent
  | FlatfileRecordsEvent
  | FlatfileCommitEvent
  | Typed<FlatfileOtherTopic, FlatfileBody>
  | Unlisted;
