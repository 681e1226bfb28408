/**
 * Single values that the platform remembers of itself, such as when it last ran. (DynamoDB: one item each.) Durable
 * when it resolves; the last write wins. Values are at most 4 KB of text.
 */
export interface FactStore {
  /** Returns a value; undefined when it was never set. */
  get(key: string): Promise<string | undefined>;
  /** Stores a value; durable when it resolves. */
  set(key: string, value: string): Promise<void>;
}

/** Projects that were removed since the last clean-up: a reason for it to remove much. */
export const REMOVED_PROJECTS = 'removed-projects';
/** When the platform last ran, in milliseconds since the epoch. */
export const LAST_SEEN = 'last-seen';
