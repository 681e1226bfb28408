/** A request to this same app whose answer nobody reads. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

type Exchange = Readonly<{ request: IncomingMessage; response: ServerResponse; ended: Promise<void> }>;

/** A GET of the same address, as a browser asks for the page itself, or with headers of the router as given. */
export function quietly({ url, headers }: IncomingMessage, router: Readonly<Record<string, string>> = {}): Exchange {
  const request = new IncomingMessage(new Socket());
  if (url !== undefined) request.url = url;
  request.method = 'GET';
  request.headers = { ...Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'rsc' && !name.startsWith('next-router-'))), ...router };
  request.push(null);
  const response = new ServerResponse(request);
  response.write = (() => true) as typeof response.write;
  const ended = new Promise<void>((resolve) => response.end = ((...parts: unknown[]) => {
    const done = parts.find((part) => typeof part === 'function');
    if (typeof done === 'function') done();
    resolve();
    return response;
  }) as typeof response.end);
  return { request, response, ended };
}
