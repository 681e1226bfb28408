/**
 * Serves a module that only exports a fetch handler, as TanStack Start's and SolidStart's builds leave it:
 * `node serve-fetch.js <module>`. The handler is `default.fetch`, a default function, or an export named `fetch` or
 * `handler`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { environment, isRecord } from './process/environment.ts';

type Handler = (request: Request) => unknown;

/** Returns the handler of a loaded module; undefined when it has none. */
export function handlerOf(module: unknown): Handler | undefined {
  if (!isRecord(module)) return undefined;
  const main = module['default'];
  const owner = typeof main === 'object' && main !== null ? main : undefined;
  const named: unknown = owner === undefined ? undefined : Reflect.get(owner, 'fetch');
  for (const candidate of [named, main, module['fetch'], module['handler']]) {
    if (typeof candidate === 'function') return (request) => Reflect.apply(candidate, owner, [request]);
  }
  return undefined;
}

/**
 * Serves one request of Node with the handler's response. Bodies stream both ways; the signal aborts when the client
 * disconnects.
 */
export async function respondWith(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const abort = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) abort.abort();
  });
  const response = await handler(requestOf(incoming, abort.signal));
  if (!(response instanceof Response)) throw new TypeError('The handler returned no Response.');
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of response.headers) if (name !== 'set-cookie') headers[name] = value;
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  if (response.statusText === '') outgoing.writeHead(response.status, headers);
  else outgoing.writeHead(response.status, response.statusText, headers);
  if (response.body === null || incoming.method === 'HEAD') {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  outgoing.once('close', () => void reader.cancel().catch(() => undefined));
  outgoing.flushHeaders();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (!outgoing.write(part.value) && !outgoing.destroyed) await drained(outgoing);
    if (outgoing.destroyed) return;
  }
  outgoing.end();
}

/** Resolves when there is space, or when the client has disconnected. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off('drain', go).off('close', go);
      resolve();
    };
    outgoing.on('drain', go).on('close', go);
  });
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const header = (name: string): string | undefined => [incoming.headers[name]].flat()[0]?.split(',')[0]?.trim();
  const origin = `${header('x-forwarded-proto') === 'https' ? 'https' : 'http'}://${header('x-forwarded-host') ?? header('host') ?? 'localhost'}`;
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD';
  // Without this, a path that starts with two slashes would be read as a host.
  const url = new URL(`${origin}${incoming.url?.startsWith('/') === true ? incoming.url : '/'}`);
  return new Request(url, {
    method: incoming.method ?? 'GET',
    headers,
    signal,
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' as const } : {}),
  });
}

async function serve(file: string): Promise<void> {
  const handler = handlerOf(await import(pathToFileURL(resolve(file)).href));
  if (handler === undefined) throw new TypeError(`${file} exports no fetch handler.`);
  const server = createServer((incoming, outgoing) => {
    respondWith(handler, incoming, outgoing).catch((cause: unknown) => {
      if (outgoing.destroyed) return;
      console.error(cause);
      if (!outgoing.headersSent) outgoing.writeHead(500, { 'content-type': 'text/plain' });
      outgoing.end('Internal Server Error');
    });
  });
  server.listen(Number(environment['PORT'] ?? 3000));
}

const [, own, file] = process.argv;
if (own?.endsWith('/serve-fetch.js') === true && file !== undefined) await serve(file);
