import { createHash } from 'node:crypto';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';

export function blobStore(clock: Clock = systemClock): BlobStore {
  const blobs = new Map<string, { bytes: Uint8Array; writtenAt: number }>();
  const put = (bytes: Uint8Array): string => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    blobs.set(hash, { bytes: bytes.slice(), writtenAt: clock.now() });
    return hash;
  };
  return {
    has: async (hash) => {
      const blob = blobs.get(hash);
      if (blob !== undefined) blob.writtenAt = clock.now();
      return blob !== undefined;
    },
    put: async (bytes) => put(bytes),
    putStream: async (chunks, maxBytes = Infinity) => {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of chunks) {
        size += chunk.byteLength;
        if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
        parts.push(chunk.slice());
      }
      return { hash: put(Buffer.concat(parts)), size };
    },
    get: async (hash) => blobs.get(hash)?.bytes.slice(),
    stream: async (hash, range) => {
      const bytes = blobs.get(hash)?.bytes;
      if (bytes === undefined) return undefined;
      const part = range === undefined ? bytes.slice() : bytes.slice(range.start, range.end + 1);
      return (async function* () {
        if (part.length > 0) yield part;
      })();
    },
    remove: async (hash) => void blobs.delete(hash),
    async *list() {
      for (const [hash, { bytes, writtenAt }] of blobs) yield { hash, size: bytes.length, writtenAt };
    },
  };
}
