/**
 * A stored record whose processing failed: a delivery, a deployment, a job, a push, a blob, or a row that does not
 * parse any more. Shown by `anchor doctor` and `anchor dead-letters list`.
 */
export type FailedRecord = Readonly<{
  /** The kind of record, such as `delivery`, `push` or `blob`. */
  kind: string;
  id: string;
  /** The project that it belongs to, where that is known. */
  project?: string;
  /** Failed tries in a row. */
  tries: number;
  /** The reason of the last failure. */
  why: string;
  /** When it failed first, in milliseconds since the epoch. */
  since: number;
}>;

/** After this many failed tries a record is set aside: nothing touches it until a user retries or drops it. */
export const MAX_TRIES = 3;

export const isSetAside = (record: FailedRecord | undefined): boolean =>
  record !== undefined && record.tries >= MAX_TRIES;
