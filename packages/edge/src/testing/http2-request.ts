import { connect, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http';
import type { Reply, RequestOptions } from './test-request.ts';

/** Sends a request over an HTTP/2 connection of its own, without TLS. */
export function http2Request(port: number, path: string, options: RequestOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`, { maxSendHeaderBlockLength: 1024 * 1024 });
    session.on('error', reject);
    const stream = session.request(headersOf(path, options), { endStream: options.body === undefined });
    if (options.body !== undefined) stream.end(options.body);
    receive(stream)
      .then(resolve, reject)
      .finally(() => session.close());
  });
}

function headersOf(path: string, { method = 'GET', host, headers = {}, body }: RequestOptions): OutgoingHttpHeaders {
  const out: Record<string, string | string[]> = {
    ':method': method,
    ':path': path,
    ':authority': host ?? 'app.localhost',
  };
  // As node:http's client declares it.
  if (body !== undefined && headers['transfer-encoding'] === undefined)
    out['content-length'] = String(Buffer.byteLength(body));
  for (const [name, value] of Object.entries(headers))
    if (!CONNECTION_HEADERS.has(name.toLowerCase()))
      out[name.toLowerCase() === 'host' ? ':authority' : name.toLowerCase()] =
        typeof value === 'string' ? value : [...value];
  return out;
}

const CONNECTION_HEADERS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']);

function receive(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const information: number[] = [];
    const chunks: Buffer[] = [];
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let rawHeaders: string[] = [];
    let trailers: Record<string, string | undefined> = {};
    stream.on('headers', (interim) => information.push(interim[':status'] ?? 0));
    stream.on('response', (received, _flags, raw: string[] = []) => {
      status = received[':status'] ?? 0;
      headers = Object.fromEntries(Object.entries(received).filter(([name]) => !name.startsWith(':')));
      rawHeaders = raw.filter((_, i) => raw[i - (i % 2)]?.startsWith(':') === false);
    });
    stream.on('trailers', (received) => {
      trailers = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, String(value)]));
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('aborted', () => reject(new Error('aborted')));
    stream.on('close', () => {
      if (status === 0 || stream.rstCode !== 0) return reject(new Error(`reset with code ${stream.rstCode}`));
      const body = Buffer.concat(chunks);
      resolve({ status, headers, rawHeaders, body, text: body.toString(), trailers, information });
    });
  });
}
