/** `res.revalidate()` of pages/api: a request to this same app that never leaves the process. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { discardedRequest } from '../process/internal-request.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type Revalidation = {
  urlPath: string;
  headers: Record<string, string | string[]>;
  opts: { unstable_onlyGenerated?: boolean };
};

/** The app names a path with its basePath or without it. */
export const createOnDemandRevalidation =
  (handle: Handle, basePath: string) =>
  async ({ urlPath, headers, opts }: Revalidation): Promise<void> => {
    let response = await requestHead(
      handle,
      isInside(urlPath, basePath) ? urlPath : `${basePath}${urlPath === '/' ? '' : urlPath}`,
      headers,
    );
    const location = response.getHeader('location');
    // The app may name a path without the slash at its end that its address has.
    if (response.statusCode === 308 && typeof location === 'string' && location.startsWith('/'))
      response = await requestHead(handle, location, headers);
    const outcome = response.getHeader('x-nextjs-cache');
    if (
      outcome !== 'REVALIDATED' &&
      response.statusCode !== 200 &&
      !(response.statusCode === 404 && opts.unstable_onlyGenerated === true)
    ) {
      throw new Error(`Invalid response ${response.statusCode}`);
    }
  };

const isInside = (path: string, basePath: string): boolean =>
  basePath === '' || path === basePath || path.startsWith(`${basePath}/`) || path.startsWith(`${basePath}?`);

/** Returns the response's head; its body is discarded. */
async function requestHead(handle: Handle, path: string, headers: Revalidation['headers']): Promise<ServerResponse> {
  const { request, response, ended } = discardedRequest(
    'HEAD',
    path,
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  );
  await handle(request, response);
  await ended;
  return response;
}
