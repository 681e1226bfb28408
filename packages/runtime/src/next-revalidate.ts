/** `res.revalidate()` of pages/api: a request to this same app that never leaves the process. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

type Revalidation = { urlPath: string; headers: Record<string, string | string[]>; opts: { unstable_onlyGenerated?: boolean } };

export const createOnDemandRevalidation = (handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>) =>
  async ({ urlPath, headers, opts }: Revalidation): Promise<void> => {
    const request = new IncomingMessage(new Socket());
    request.url = urlPath;
    request.method = 'HEAD';
    request.headers = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    request.push(null);
    const response = new ServerResponse(request);
    response.write = (() => true) as typeof response.write; // a body for nobody
    const ended = new Promise<void>((resolve) => response.end = ((...parts: unknown[]) => {
      const done = parts.find((part) => typeof part === 'function');
      if (typeof done === 'function') done();
      resolve();
      return response;
    }) as typeof response.end);
    await handle(request, response);
    await ended;
    const outcome = response.getHeader('x-nextjs-cache');
    if (outcome !== 'REVALIDATED' && response.statusCode !== 200 && !(response.statusCode === 404 && opts.unstable_onlyGenerated === true)) {
      throw new Error(`Invalid response ${response.statusCode}`);
    }
  };
