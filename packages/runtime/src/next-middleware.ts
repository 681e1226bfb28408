/** The app's middleware (`proxy.ts`), and what of its answer goes on to the request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import type { Entry, FunctionFiles } from './next-description.ts';
import { abortOf, type Entries, type RequestMeta } from './next-entry.ts';
import { sendWebResponse } from './next-edge.ts';
import type { MiddlewareResult, RoutingModule } from './next-routes.ts';

const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS']);

export async function runMiddleware(
  parts: Readonly<{ files: FunctionFiles; entries: Entries; routing: RoutingModule; middleware: Entry }>,
  request: IncomingMessage, response: ServerResponse, meta: RequestMeta, url: URL, headers: Headers,
): Promise<MiddlewareResult> {
  const { entries, routing, middleware } = parts;
  const method = request.method ?? 'GET';
  const body = BODYLESS.has(method) ? undefined : splitBody(request);
  const init: RequestInit & { duplex?: 'half' } = { method, headers, redirect: 'manual' };
  if (body !== undefined) Object.assign(init, { body: body.forMiddleware, duplex: 'half' });
  // Routing sees the address without the parts that Next keeps to itself; middleware must as well.
  const answer = await entries.callWeb(middleware, new Request(url, init), meta, abortOf(response));
  body?.handOver();
  const result = routing.responseToMiddlewareResult(answer, new Headers(headers), url);
  if (result.bodySent === true) {
    for (const [name, value] of result.responseHeaders ?? []) if (name !== 'set-cookie') response.setHeader(name, value);
    await sendWebResponse(answer, response);
    return result;
  }
  void answer.body?.cancel().catch(() => {});
  if (result.requestHeaders !== undefined) setRequestHeaders(request, result.requestHeaders);
  result.responseHeaders?.delete('x-middleware-rewrite');
  return result;
}

function setRequestHeaders(request: IncomingMessage, headers: Headers): void {
  const changed: Record<string, string | string[]> = {};
  for (const [name, value] of headers) if (name !== 'set-cookie') changed[name] = value;
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) changed['set-cookie'] = cookies;
  request.headers = changed;
}

/**
 * A body that two read: the middleware, if it wants to, and the route after it. Nothing is read before one of them
 * asks, and what the middleware read is kept for the route.
 */
function splitBody(request: IncomingMessage): Readonly<{ forMiddleware: ReadableStream<Uint8Array>; handOver(): void }> {
  const read: Buffer[] = [];
  let ended = false;
  const chunks = Readable.prototype[Symbol.asyncIterator].call(request);
  let used = false;
  const forMiddleware = new ReadableStream<Uint8Array>({
    async pull(controller) {
      used = true;
      const { done, value } = await chunks.next();
      if (done === true) {
        ended = true;
        controller.close();
        return;
      }
      read.push(value);
      controller.enqueue(new Uint8Array(value));
    },
  }, { highWaterMark: 0 });
  return {
    forMiddleware,
    handOver() {
      if (!used) return;
      const rest = new PassThrough();
      const source = ended ? Readable.from(read) : Readable.from((async function* () {
        yield* read;
        yield* { [Symbol.asyncIterator]: () => chunks };
      })());
      source.on('error', (cause) => rest.destroy(cause));
      source.pipe(rest);
      becomeStream(request, rest);
    },
  };
}

/** Next does the same with bodies that it copies: the message keeps its identity and gets the other stream's behaviour. */
function becomeStream(request: IncomingMessage, stream: PassThrough): void {
  for (const key in stream) {
    const value: unknown = Reflect.get(stream, key);
    Reflect.set(request, key, typeof value === 'function' ? value.bind(stream) : value);
  }
  Object.defineProperty(request, Symbol.asyncIterator, { value: () => stream[Symbol.asyncIterator](), configurable: true });
}
