import type { FailedRecord } from '../records/failed-record.ts';
import type { Page, PageRequest } from './page.ts';

/**
 * Records that could not be processed, keyed by kind and id. (DynamoDB: one item each, `fail` is an atomic counter.)
 * Durable when it resolves; reads see the last resolved write.
 */
export interface FailedRecordStore {
  /**
   * Counts failed attempts (one unless `tries` is higher) and stores the newest reason; `since` stays that of the
   * first. Returns the updated record.
   */
  fail(
    record: Readonly<{ kind: string; id: string; project?: string; why: string; tries?: number; now: number }>,
  ): Promise<FailedRecord>;
  /** Returns the record; undefined when there is none. */
  get(kind: string, id: string): Promise<FailedRecord | undefined>;
  /** Forgets it, since it was processed, retried or dropped. False when there was none. */
  clear(kind: string, id: string): Promise<boolean>;
  /** Lists by kind and id. */
  list(page: PageRequest): Promise<Page<FailedRecord>>;
}
