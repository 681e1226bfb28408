/** The sources of a cacheable response. The runtime sends it in `CACHE_METADATA_HEADER`; the edge parses it. */
export type CacheMetadata = Readonly<{
  /**
   * The page that the response is a part of: HTML, RSC payload, segments and data of one render are replaced together.
   */
  group: string;
  /** When it was made, in milliseconds since the epoch. */
  at: number;
  /** Age in seconds from which it is revalidated and may be served meanwhile; false for never. */
  revalidate: number | false;
  /** Age in seconds from which it must not be served; undefined for never. */
  expire: number | undefined;
  /** Cache tags whose invalidation ends its use. */
  tags: readonly string[];
}>;

/** Metadata with the length of the shell in bytes, where the response is a part of a partially prerendered page. */
export type ResponseMetadata = CacheMetadata &
  Readonly<{
    /** The bytes after it are the postponed state. 0: the response has the dynamic part in place of that state. */
    shell?: number | undefined;
  }>;

/** Writers stay below the limits of readers, so that processes of neighbouring versions understand each other. */
const MAX_WRITTEN = 12 * 1024;
const MAX_WRITTEN_TAGS = 200;
const MAX_READ = 16 * 1024;
const MAX_READ_TAGS = 256;
const MAX_NAME = 4096;

/** Returns the tag of a page: its invalidation means that every older version of the page has been replaced. */
export const pageTag = (group: string): string => `_A_G_${group}`;

/**
 * Returns the header's value: JSON with short names, in ASCII. Undefined when it is too long: the response is not
 * cached.
 */
export function formatCacheMetadata(metadata: ResponseMetadata): string | undefined {
  const { group, at, revalidate, expire, tags, shell } = metadata;
  if (tags.length > MAX_WRITTEN_TAGS) return undefined;
  const text = JSON.stringify({ g: group, m: at, r: revalidate, e: expire, t: tags, p: shell });
  const ascii = text.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return ascii.length <= MAX_WRITTEN ? ascii : undefined;
}

/** Parses the header's value. Undefined for anything else: a project's own code may have sent it. */
export function parseCacheMetadata(header: string): ResponseMetadata | undefined {
  const fields = header.length > MAX_READ ? undefined : parseRecord(header);
  if (fields === undefined) return undefined;
  const { g: group, m: at, r: revalidate, e: expire, t: tags, p: shell } = fields;
  if (typeof group !== 'string' || group.length > MAX_NAME || !isPositive(at)) return undefined;
  if (revalidate !== false && !isPositive(revalidate)) return undefined;
  if (expire !== undefined && !isPositive(expire)) return undefined;
  if (shell !== undefined && !(typeof shell === 'number' && Number.isSafeInteger(shell) && shell >= 0))
    return undefined;
  if (!Array.isArray(tags) || tags.length > MAX_READ_TAGS || !tags.every(isName)) return undefined;
  return { group, at, revalidate, expire, tags, ...(shell === undefined ? {} : { shell }) };
}

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_NAME;
