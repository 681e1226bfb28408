import type { Encoding } from '../http/accept-encoding.ts';
import type { CachedBytes } from '../util/cached-bytes.ts';

/**
 * One coding of a file, with a prepared response head. `head` is flat: name, value, name, value; see HEAD_SLOTS. With
 * `bytes` the content is in memory and `blob` is only its name.
 */
export type Variant = Readonly<{
  encoding: Encoding;
  blob: string;
  size: number;
  bytes?: CachedBytes;
  etag: string;
  head: readonly string[];
  notModified: readonly string[];
}>;

/** The positions of each request's own values in `head`. */
export const HEAD_SLOTS = { requestId: 1, deployment: 3 } as const;
