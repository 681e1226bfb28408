/**
 * The bytes of a file: a Buffer, or for short files a string with one character per byte (latin1), which is sent in one
 * write with the response's head.
 */
export type CachedBytes = Buffer | string;

const STRING_BYTES = 16 * 1024;

export const toCachedBytes = (bytes: Buffer): CachedBytes =>
  bytes.length <= STRING_BYTES ? bytes.toString('latin1') : bytes;

export const sliceBytes = (content: CachedBytes, start: number, end: number): CachedBytes =>
  end - start === content.length
    ? content
    : typeof content === 'string'
      ? content.slice(start, end)
      : content.subarray(start, end);
