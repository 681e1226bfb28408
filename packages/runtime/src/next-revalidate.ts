/** `res.revalidate()` of pages/api: a request to this same app that never leaves the process. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { quietExchange } from './quiet-exchange.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type Revalidation = { urlPath: string; headers: Record<string, string | string[]>; opts: { unstable_onlyGenerated?: boolean } };

export const createOnDemandRevalidation = (handle: Handle) =>
  async ({ urlPath, headers, opts }: Revalidation): Promise<void> => {
    let answer = await ask(handle, urlPath, headers);
    const location = answer.getHeader('location');
    // The app may name a path without the slash at its end that its address has.
    if (answer.statusCode === 308 && typeof location === 'string' && location.startsWith('/')) answer = await ask(handle, location, headers);
    const outcome = answer.getHeader('x-nextjs-cache');
    if (outcome !== 'REVALIDATED' && answer.statusCode !== 200 && !(answer.statusCode === 404 && opts.unstable_onlyGenerated === true)) {
      throw new Error(`Invalid response ${answer.statusCode}`);
    }
  };

/** The answer's head; its body is for nobody. */
async function ask(handle: Handle, path: string, headers: Revalidation['headers']): Promise<ServerResponse> {
  const { request, response, ended } = quietExchange('HEAD', path, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])));
  await handle(request, response);
  await ended;
  return response;
}
