import type { IncomingMessage } from 'node:http';

export type RawBody = Readonly<{ kind: 'bytes'; bytes: Buffer }> | Readonly<{ kind: 'too_large' }> | Readonly<{ kind: 'aborted' }>;

/** True when the announced length is over the limit: then nothing needs to be read at all. */
export const announcesTooMuch = (request: IncomingMessage, maxBytes: number): boolean => Number(request.headers['content-length'] ?? 0) > maxBytes;

/** Reads a body whole; stops reading at the first byte over the limit. */
export function readRaw(request: IncomingMessage, maxBytes: number): Promise<RawBody> {
  if (announcesTooMuch(request, maxBytes)) return Promise.resolve({ kind: 'too_large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (body: RawBody): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(body);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) {
        request.pause();
        return end({ kind: 'too_large' });
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => end({ kind: 'bytes', bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size) });
    const onClose = (): void => end({ kind: 'aborted' });
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
