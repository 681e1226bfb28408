/** A client that sees an answer as it comes, and that can leave in the middle. */
import { request, type IncomingHttpHeaders } from 'node:http';

export type Streamed = Readonly<{ status: number; headers: IncomingHttpHeaders; bytes: Buffer; text: string }>;
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
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request({ host: '127.0.0.1', port, method, path, agent: false, signal, headers: { host: `${host}:${port}`, ...length, ...headers } }, (answer) => {
      const parts: Buffer[] = [];
      let seen = '';
      const done = (): void => {
        const bytes = Buffer.concat(parts);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString('utf8') });
      };
      answer.on('data', (part: Buffer) => {
        parts.push(part);
        if (leaveWhen === undefined) return;
        seen += part.toString('utf8');
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
