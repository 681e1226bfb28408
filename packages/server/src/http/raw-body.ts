import type { IncomingMessage } from 'node:http';

export type RawBody =
  | Readonly<{ kind: 'bytes'; bytes: Buffer }>
  | Readonly<{ kind: 'too_large' }>
  | Readonly<{ kind: 'aborted' }>
  | Readonly<{ kind: 'busy' }>;
/** Bytes that all bodies read with it may hold at the same time. */
export type BodyBudget = { left: number };

/** A body of at most some megabytes comes within this, or its sender is only holding the connection. */
const SLOWEST_MS = 60_000;

/** Returns whether the announced length is over the limit: then nothing needs to be read at all. */
export const announcesTooMuch = (request: IncomingMessage, maxBytes: number): boolean =>
  Number(request.headers['content-length'] ?? 0) > maxBytes;

/**
 * Reads a body whole; stops reading at the first byte over the limit, over the budget, or when it takes too long
 * (`aborted`).
 */
export function readRaw(
  request: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget = { left: Infinity },
): Promise<RawBody> {
  if (announcesTooMuch(request, maxBytes)) return Promise.resolve({ kind: 'too_large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const slow = setTimeout(() => {
      request.destroy();
      end({ kind: 'aborted' });
    }, SLOWEST_MS);
    const end = (body: RawBody): void => {
      clearTimeout(slow);
      budget.left += size;
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(body);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      budget.left -= chunk.length;
      const over = size > maxBytes ? 'too_large' : budget.left < 0 ? 'busy' : undefined;
      if (over === undefined) return void chunks.push(chunk);
      request.pause();
      end({ kind: over });
    };
    const onEnd = (): void =>
      end({
        kind: 'bytes',
        bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size),
      });
    const onClose = (): void => end({ kind: 'aborted' });
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
