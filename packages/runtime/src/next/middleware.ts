/** The app's middleware (`proxy.ts`), and which parts of its response are applied to the request. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { parseUrl } from '../process/environment.ts';
import type { Entry } from '../routing/description.ts';
import { abortOf, type Entries, type RequestMeta } from './entries.ts';
import type { MiddlewareResult, ResponseHeaders } from '../routing/route.ts';

const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Headers between middleware and routing; never part of a response. */
const OWN = new Set([
  'content-length',
  'x-middleware-next',
  'x-middleware-rewrite',
  'x-middleware-redirect',
  'x-middleware-refresh',
  'x-middleware-override-headers',
]);
const REQUEST = 'x-middleware-request-';

/** Calls middleware with the address `url`. Its response headers go to `added`, its request headers to the request. */
export async function runMiddleware(
  parts: Readonly<{ entries: Entries; middleware: Entry }>,
  request: IncomingMessage,
  response: ServerResponse,
  meta: RequestMeta,
  url: URL,
  added: ResponseHeaders,
): Promise<MiddlewareResult> {
  const method = request.method ?? 'GET';
  const body = BODYLESS.has(method) ? undefined : splitBody(request);
  const init: RequestInit & { duplex?: 'half' } = { method, headers: headersOf(request.headers), redirect: 'manual' };
  if (body !== undefined) Object.assign(init, { body: body.forMiddleware, duplex: 'half' });
  const result = await parts.entries.callWeb(parts.middleware, new Request(url, init), meta, abortOf(response));
  body?.releaseBody();

  request.headers = requestHeaders(request.headers, result.headers);
  for (const [name, value] of result.headers) {
    if (OWN.has(name) || name.startsWith(REQUEST) || name === 'set-cookie' || name === 'location') continue;
    // Next passes what middleware sets on the response to the page as well.
    request.headers[name] = value;
    if (name !== 'x-middleware-set-cookie') added[name] = value;
  }
  const cookies = result.headers.getSetCookie();
  if (cookies.length > 0) added['set-cookie'] = [...[added['set-cookie'] ?? []].flat(), ...cookies];

  const rewrite = result.headers.get('x-middleware-rewrite');
  const location = result.headers.get('location');
  if (rewrite === null && location !== null && REDIRECTS.has(result.status)) {
    discard(result);
    return { kind: 'redirect', status: result.status, location: relative(location, url) };
  }
  if (location !== null) added['location'] = location;
  if (rewrite !== null) {
    discard(result);
    return { kind: 'rewrite', url: new URL(rewrite, url), status: result.status };
  }
  if (result.headers.has('x-middleware-next')) {
    discard(result);
    return { kind: 'next' };
  }
  return { kind: 'answer', response: result };
}

const discard = (result: Response): void => void result.body?.cancel().catch(() => {});

/** Addresses of this site are given without its name. */
function relative(location: string, from: URL): string {
  const target = parseUrl(location, from);
  return target === undefined || target.origin !== from.origin
    ? location
    : `${target.pathname}${target.search}${target.hash}`;
}

function headersOf(headers: IncomingHttpHeaders): Headers {
  const list = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    for (const one of Array.isArray(value) ? value : [value]) list.append(name, one);
  }
  return list;
}

/** Returns the request's headers as middleware left them: those that it lists, with its values. */
function requestHeaders(before: IncomingHttpHeaders, result: Headers): IncomingHttpHeaders {
  const listed = result.get('x-middleware-override-headers');
  if (listed === null) return { ...before };
  const after: IncomingHttpHeaders = {};
  for (const name of listed.split(',').map((part) => part.trim())) {
    const value = result.get(REQUEST + name);
    if (value !== null) after[name] = value;
  }
  return after;
}

/**
 * Splits a body between two readers: the middleware, if it reads it, and the route after it. Reading is lazy, and what
 * the middleware read is buffered for the route.
 */
function splitBody(
  request: IncomingMessage,
): Readonly<{ forMiddleware: ReadableStream<Uint8Array>; releaseBody(): void }> {
  const read: Buffer[] = [];
  let ended = false;
  const chunks = Readable.prototype[Symbol.asyncIterator].call(request);
  let used = false;
  const forMiddleware = new ReadableStream<Uint8Array>(
    {
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
    },
    { highWaterMark: 0 },
  );
  return {
    forMiddleware,
    releaseBody() {
      if (!used) return;
      const rest = new PassThrough();
      const source = ended
        ? Readable.from(read)
        : Readable.from(
            (async function* () {
              yield* read;
              yield* { [Symbol.asyncIterator]: () => chunks };
            })(),
          );
      source.on('error', (cause) => rest.destroy(cause));
      source.pipe(rest);
      becomeStream(request, rest);
    },
  };
}

/**
 * Replaces the message's stream, as Next itself does with bodies that it copies: the message keeps its identity and
 * gets the other stream's behaviour.
 */
function becomeStream(request: IncomingMessage, stream: PassThrough): void {
  for (const key in stream) {
    const value: unknown = Reflect.get(stream, key);
    Reflect.set(request, key, typeof value === 'function' ? value.bind(stream) : value);
  }
  Object.defineProperty(request, Symbol.asyncIterator, {
    value: () => stream[Symbol.asyncIterator](),
    configurable: true,
  });
}
