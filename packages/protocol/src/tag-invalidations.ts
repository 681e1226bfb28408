/**
 * Name of the log in a deployment's cache directory. All processes of the deployment append to it; the edge reads it.
 */
export const TAG_LOG_FILE = 'tags.log';

/** One line of the log: a cache tag was invalidated. Times in milliseconds since the epoch. */
export type TagInvalidation = Readonly<{
  tag: string;
  /** Entries with the tag that are older are stale, or expired where `expires` is absent. */
  at: number;
  /** Until when stale entries may still be served; null for ever, absent for not at all. */
  expires?: number | null | undefined;
}>;

/** Returns the line with its newline. */
export const formatTagInvalidation = ({ tag, at, expires }: TagInvalidation): string =>
  `${JSON.stringify({ tag, at, expires })}\n`;

/** Parses a line without its newline. Undefined for anything else: a project's own code can write to the log. */
export function parseTagInvalidation(line: string): TagInvalidation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { tag, at, expires } = value as Readonly<Record<string, unknown>>;
  if (typeof tag !== 'string' || typeof at !== 'number') return undefined;
  if (expires === undefined) return { tag, at };
  return { tag, at, expires: typeof expires === 'number' ? expires : null };
}
