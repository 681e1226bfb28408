/** Rewrites to another origin: the request and the response pass unchanged, both streamed. */
import { request as requestHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { isInternalHeader } from '@anchor/protocol/headers.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'x-request-id',
]);
const SILENCE_MS = 30_000;

/** Resolves when the response has been passed on; rejects when the origin cannot be reached. */
export function proxyTo(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.has(name) && !name.startsWith('x-middleware-')),
    );
    const start = url.protocol === 'https:' ? requestHttps : requestHttp;
    const upstream = start(url, { method: request.method, headers, timeout: SILENCE_MS }, (incoming) => {
      response.statusCode = incoming.statusCode ?? 502;
      // Headers of the platform are orders to the edge, which believes the function.
      for (const [name, value] of Object.entries(incoming.headers))
        if (value !== undefined && !HOP_BY_HOP.has(name) && !isInternalHeader(name)) response.setHeader(name, value);
      pipeline(incoming, response).then(resolve, (cause: unknown) => (response.destroyed ? resolve() : reject(cause)));
    });
    upstream.on('timeout', () =>
      upstream.destroy(new Error(`${url.host} did not respond for ${SILENCE_MS / 1000} seconds`)),
    );
    upstream.on('error', reject);
    response.once('close', () => upstream.destroy());
    request.pipe(upstream);
  });
}
