/** Handles the edge's request to regenerate a stale page, which completes once there is a fresh one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REFRESH, REFRESH_HEADER } from '@anchor/protocol/headers.ts';
import {
  runInRenderContext,
  releaseLocks,
  setCacheMetadataHeader,
  type RenderContext,
  type Shell,
} from '../cache/render-context.ts';
import { discardedRequestLike } from '../process/internal-request.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Headers that read the cached entry and render nothing. */
const LOOK = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };

/** Creates the handler. `vary`: the headers on which Next's pages depend. */
export function createRefresh(respond: Handle, vary: string | undefined): Handle {
  const quiet = (request: IncomingMessage, router: Readonly<Record<string, string>> = {}): Promise<RenderContext> => {
    const before = discardedRequestLike(request, router);
    return runInRenderContext(before.request, before.response, true, async (scope) => {
      await Promise.all([respond(before.request, before.response), before.ended]);
      await releaseLocks(scope);
      return scope;
    });
  };

  return async (request, response) => {
    const wantsShell = request.headers[REFRESH_HEADER] === REFRESH.shell;
    if (wantsShell) {
      const { fresh, shell } = await quiet(request, LOOK);
      if (fresh && shell !== undefined) return sendShell(response, shell, vary);
    }
    // As for any client: the stale page is served at once and regenerated in the background. Then there is a fresh one.
    const { shell } = await quiet(request);
    if (wantsShell && shell !== undefined) return sendShell(response, shell, vary);
    await runInRenderContext(request, response, false, () => respond(request, response));
  };
}

function sendShell(
  response: ServerResponse,
  { made, html, postponed, headers, status }: Shell,
  vary: string | undefined,
): void {
  response.statusCode = status;
  if (vary !== undefined) response.setHeader('vary', vary);
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && name !== 'x-next-cache-tags') response.setHeader(name, value);
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('x-nextjs-cache', 'HIT');
  const bytes = Buffer.from(html);
  setCacheMetadataHeader(response, made, bytes.length);
  response.end(Buffer.concat([bytes, Buffer.from(postponed)]));
}
