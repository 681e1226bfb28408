/**
 * Content-addressed bytes: a blob's name is the SHA-256 hex of its content, so writing twice stores once and nothing is
 * ever overwritten. (S3: PutObject is atomic and read-after-write consistent; objects up to 5 TB; no directories.) A
 * blob is complete or absent: a crash while writing leaves nothing that `has` would report.
 */
export interface BlobStore {
  /**
   * Returns whether the blob exists, and renews it: clean-up does not remove it for an hour, so that a build may rely
   * on it.
   */
  has(hash: string): Promise<boolean>;
  /** Stores the bytes and returns their hash. */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * Stores a stream of unknown length; the hash is known at the end. Rejects, storing nothing, when the stream fails or
   * exceeds `maxBytes`.
   */
  putStream(bytes: AsyncIterable<Uint8Array>, maxBytes?: number): Promise<{ hash: string; size: number }>;
  /** Returns undefined when the blob is absent. Rejects when the bytes no longer match the name. */
  get(hash: string): Promise<Uint8Array | undefined>;
  /** Returns undefined when the blob is absent. `range` is inclusive, in bytes. */
  stream(
    hash: string,
    range?: Readonly<{ start: number; end: number }>,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Removes a blob; an absent one is no error. */
  remove(hash: string): Promise<void>;
  /** Lists every blob with size and time of writing (milliseconds since the epoch), in no order: for clean-up. */
  list(): AsyncIterable<Readonly<{ hash: string; size: number; writtenAt: number }>>;
}
