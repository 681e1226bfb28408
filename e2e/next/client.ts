/** A client that sees a response as it arrives, and that can disconnect in the middle. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';

/** `bytes`: as they came; `text`: without the content coding. */
export type Streamed = Readonly<{ status: number; headers: IncomingHttpHeaders; bytes: Buffer; text: string }>;
export type StreamOptions = Readonly<{
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Called with everything received so far. Once it returns true the client disconnects and resolves with that. */
  leaveWhen?: (text: string) => boolean;
  /** The client leaves when it aborts; the promise is then rejected. */
  signal?: AbortSignal;
}>;

/** One request on a connection of its own; `*.localhost` need not resolve. */
export function stream(
  { port, host }: Readonly<{ port: number; host: string }>,
  path: string,
  { method = 'GET', headers = {}, body, leaveWhen, signal }: StreamOptions = {},
): Promise<Streamed> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        signal,
        headers: { host: `${host}:${port}`, ...length, ...headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        let seen = '';
        const decoder = decoderOf(response.headers['content-encoding']);
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes: Buffer.concat(parts),
            text: decoder === undefined ? Buffer.concat(parts).toString('utf8') : seen,
          });
        const see = (part: Buffer): void => {
          if (leaveWhen === undefined && decoder === undefined) return;
          seen += part.toString('utf8');
          if (leaveWhen?.(seen) === true) {
            done();
            sent.destroy();
          }
        };
        decoder?.on('data', see).once('error', reject).once('end', done);
        response.on('data', (part: Buffer) => {
          parts.push(part);
          if (decoder === undefined) see(part);
          else decoder.write(part);
        });
        response.once('end', () => (decoder === undefined ? done() : decoder.end())).once('error', reject);
      },
    );
    sent.once('error', reject);
    sent.setTimeout(120_000, () => sent.destroy(new Error(`no response for ${method} ${host}${path}`)));
    sent.end(body);
  });
}

/** Decodes as the parts come, so that a stream is seen as a browser sees it. */
function decoderOf(
  coding: string | undefined,
): ReturnType<typeof createBrotliDecompress> | ReturnType<typeof createGunzip> | undefined {
  return coding === 'br'
    ? createBrotliDecompress()
    : coding === 'gzip'
      ? createGunzip()
      : coding === 'zstd'
        ? createZstdDecompress()
        : undefined;
}
