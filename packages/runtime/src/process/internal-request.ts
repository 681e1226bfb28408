/** A request to this same app whose response is discarded. */
import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { AppResponse } from './app-response.ts';

type Exchange = Readonly<{ request: IncomingMessage; response: ServerResponse; ended: Promise<void> }>;

/** Takes everything and sends it nowhere. */
class Nowhere extends Socket {
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
  override _writev(_chunks: unknown, done: () => void): void {
    done();
  }
}

/**
 * Creates a GET request for the same address, as a browser requests the page itself, or with headers of the router as
 * given.
 */
export function discardedRequestLike(
  { url = '/', headers }: IncomingMessage,
  router: Readonly<Record<string, string>> = {},
): Exchange {
  return discardedRequest('GET', url, {
    ...Object.fromEntries(
      Object.entries(headers).filter(([name]) => name !== 'rsc' && !name.startsWith('next-router-')),
    ),
    ...router,
  });
}

export function discardedRequest(method: 'GET' | 'HEAD', url: string, headers: IncomingMessage['headers']): Exchange {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  request.method = method;
  request.headers = headers;
  request.push(null);
  const response = new AppResponse(request);
  response.assignSocket(new Nowhere());
  const ended = new Promise<void>((resolve) => {
    response.once('finish', () => {
      response.emit('close'); // what a server does for a real connection: work for after the response waits for it
      resolve();
    });
    response.once('close', resolve);
  });
  return { request, response, ended };
}
