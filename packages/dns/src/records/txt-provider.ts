import type { Result } from '@anchor/core/result/result.ts';

/** Changes TXT records of one zone at the service that hosts it. Both operations are idempotent. */
export interface TxtProvider {
  /** Adds a value to the TXT records of a name and keeps the others. Resolves when the service has it. */
  put(name: string, value: string): Promise<Result<void>>;
  /** Removes one value and keeps the others; an absent one is no error. */
  remove(name: string, value: string): Promise<Result<void>>;
}
