import type { Result } from '../result/result.ts';

/** `completed`; `skipped`: it is not due yet, or nothing was left to do; otherwise the reason why it failed. */
export type Completion = 'completed' | 'skipped' | Readonly<{ failed: string }>;

/** A record that a crash left unfinished. */
export type UnfinishedRecord = Readonly<{
  id: string;
  /** The project that it belongs to, where that is known. */
  project?: string;
  /** Completes the record. Idempotent; rejects when it fails. */
  complete(): Promise<Completion>;
}>;

/**
 * One kind of records that are written before they are acted on, so that a crash in between loses nothing: pushes,
 * deliveries, deployments. `Recovery` completes what is unfinished of each.
 */
export interface RecoverySource {
  readonly kind: string;
  unfinished(): Promise<readonly UnfinishedRecord[]>;
  /** Drops a record permanently. Dropping one that does not exist is no error. */
  drop(id: string): Promise<Result<void>>;
}
