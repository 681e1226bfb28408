/** A client that sees how an answer comes: its bytes, its chunks with their times, and that can leave in the middle. */
import { request, type IncomingHttpHeaders } from 'node:http';

export type Chunk = Readonly<{ /** Milliseconds since the request was sent. */ at: number; text: string }>;
export type Streamed = Readonly<{ status: number; headers: IncomingHttpHeaders; bytes: Buffer; text: string; chunks: readonly Chunk[]; /** Milliseconds since the request was sent. */ endedAt: number }>;
export type Ask = Readonly<{
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Called with everything that came so far; once it answers true the client leaves, and has what it has. */
  leaveWhen?: (text: string) => boolean;
  /** The client leaves when it aborts; the promise is then rejected. */
  signal?: AbortSignal;
}>;

/** One request on a connection of its own; `*.localhost` need not resolve. */
export function ask({ port, host }: Readonly<{ port: number; host: string }>, path: string, { method = 'GET', headers = {}, body, leaveWhen, signal }: Ask = {}): Promise<Streamed> {
  return new Promise((resolve, reject) => {
    const from = performance.now();
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request({ host: '127.0.0.1', port, method, path, agent: false, signal, headers: { host: `${host}:${port}`, ...length, ...headers } }, (answer) => {
      const parts: Buffer[] = [];
      const chunks: Chunk[] = [];
      let seen = '';
      const done = (): void => {
        const bytes = Buffer.concat(parts);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString('utf8'), chunks, endedAt: performance.now() - from });
      };
      answer.on('data', (part: Buffer) => {
        parts.push(part);
        const text = part.toString('utf8');
        chunks.push({ at: performance.now() - from, text });
        if (leaveWhen === undefined) return;
        seen += text;
        if (leaveWhen(seen)) {
          done();
          sent.destroy();
        }
      });
      answer.once('end', done).once('error', reject);
    });
    sent.once('error', reject);
    sent.setTimeout(120_000, () => sent.destroy(new Error(`no answer for ${method} ${host}${path}`)));
    sent.end(body);
  });
}

/** When the text was there, in milliseconds since the request was sent; undefined when it never came. */
export function arrival(chunks: readonly Chunk[], text: string): number | undefined {
  let seen = '';
  for (const chunk of chunks) {
    seen += chunk.text;
    if (seen.includes(text)) return chunk.at;
  }
  return undefined;
}
