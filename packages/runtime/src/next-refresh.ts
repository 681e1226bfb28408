/** The edge asks for a page that it has an old version of, and waits until there is a fresh one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { inPageScope, REFRESH_HEADER, released, tellMade, type PageScope, type Shell } from './page-scope.ts';
import { quietly } from './quiet-exchange.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Asks what is stored, and renders nothing that is. */
const LOOK = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };

/** `vary`: what Next says that its pages depend on. */
export function createRefresh(respond: Handle, vary: string | undefined): Handle {
  const quiet = (request: IncomingMessage, router: Readonly<Record<string, string>> = {}): Promise<PageScope> => {
    const before = quietly(request, router);
    return inPageScope(before.request, before.response, true, async (scope) => {
      await Promise.all([respond(before.request, before.response), before.ended]);
      await released(scope);
      return scope;
    });
  };

  return async (request, response) => {
    const wantsShell = request.headers[REFRESH_HEADER] === 'shell';
    if (wantsShell) {
      const { fresh, shell } = await quiet(request, LOOK);
      if (fresh && shell !== undefined) return sendShell(response, shell, vary);
    }
    // As for any visitor: a stale page is answered at once, and made anew behind that. Then there is a fresh one.
    const { shell } = await quiet(request);
    if (wantsShell && shell !== undefined) return sendShell(response, shell, vary);
    await inPageScope(request, response, false, () => respond(request, response));
  };
}

function sendShell(response: ServerResponse, { made, html, postponed, headers, status }: Shell, vary: string | undefined): void {
  response.statusCode = status;
  if (vary !== undefined) response.setHeader('vary', vary);
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string' && name !== 'x-next-cache-tags') response.setHeader(name, value);
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('x-nextjs-cache', 'HIT');
  const bytes = Buffer.from(html);
  tellMade(response, made, bytes.length);
  response.end(Buffer.concat([bytes, Buffer.from(postponed)]));
}
