/**
 * The post of Flatfile's egress plugin: a workbook with its sheets and records, and the answer that marks records. events.ts
 * is what users import.
 */
import type { Ids, Members, Open, Texts, TypedEvent } from '../../event.ts';

/** @see https://flatfile.com/docs/core-concepts/records */
export interface FlatfileCell {
  readonly value?: string | number | boolean | readonly string[] | null;
  readonly valid?: boolean;
  readonly messages?: readonly (Ids<'source' | 'message'> & {
    readonly type?: Open<'error' | 'warn' | 'info'>;
  })[];
  readonly updatedAt?: string;
}

/** @see https://flatfile.com/docs/core-concepts/records */
export interface FlatfileRecord {
  readonly id: string;
  readonly values: Readonly<Record<string, FlatfileCell>>;
  readonly valid?: boolean;
  readonly metadata?: Members;
}

/**
 * A sheet with its records.
 * @see https://flatfile.com/docs/plugins/webhook-egress
 */
export interface FlatfileSheet extends Ids<'slug' | 'commitId' | 'versionId'> {
  readonly id: string;
  readonly name: string;
  readonly workbookId: string;
  readonly records?: readonly FlatfileRecord[];
  readonly counts?: { readonly total: number; readonly valid: number; readonly error: number };
  /** The blueprint: what the fields of the records are. */
  readonly config?: Members & { readonly fields: readonly (Members & Texts<'key' | 'type'>)[] };
  readonly success?: boolean;
}

/**
 * The post of the egress plugin when a user submits: a workbook with all its sheets. It has no type and no id.
 * @see https://flatfile.com/docs/plugins/webhook-egress
 */
export interface FlatfileEgress {
  readonly workbook: Texts<'id' | 'spaceId' | 'environmentId'> & {
    readonly name?: string;
    readonly labels?: readonly string[];
    readonly actions?: readonly Members[];
    readonly metadata?: unknown;
    readonly namespace?: string;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly sheets: readonly FlatfileSheet[];
  };
}

/**
 * For the handlers and the reply of a source that gets the egress plugin's posts and nothing else.
 * @see https://flatfile.com/docs/plugins/webhook-egress
 */
export type FlatfileEgressEvent = TypedEvent<null, FlatfileEgress>;

/**
 * What the egress plugin does with a reply: marks the records, or with `deleteSubmitted` deletes all the others.
 * @see https://flatfile.com/docs/plugins/webhook-egress
 */
export interface FlatfileRejections {
  readonly rejections?: {
    /** The workbook's. */
    readonly id: string;
    readonly message?: string;
    readonly deleteSubmitted?: boolean;
    readonly sheets: readonly {
      readonly sheetId: string;
      readonly rejectedRecords: readonly {
        readonly id: string;
        readonly values: readonly { readonly field: string; readonly message: string }[];
      }[];
    }[];
  };
}
