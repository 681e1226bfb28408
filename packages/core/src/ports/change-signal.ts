/**
 * Follows the changes of one resource without polling. Opened before the first read, it misses nothing: a change
 * between a read and `next` makes `next` resolve at once.
 */
export interface ChangeSignal {
  /**
   * Resolves when the resource may have changed since the last call resolved (or since the signal was opened), at the
   * latest after `withinMs` milliseconds, and at once when `signal` is aborted. Never rejects. One call at a time.
   */
  next(withinMs: number, signal: AbortSignal): Promise<void>;
  /** Ends following; idempotent. */
  close(): void;
}
