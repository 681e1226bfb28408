/**
 * Methods that a page or file does not support. Next's own server refuses them before it calls the entry point, which
 * would accept them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isErrorPage, type Description } from './description.ts';
import type { Route } from './route.ts';

/** Writes a response and returns true when the target of the route does not support the request's method. */
export function refuseMethod(
  { config }: Description,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { method = 'GET' } = request;
  if (method === 'GET' || method === 'HEAD') return false;
  if (
    route.kind === 'file' ||
    (route.kind === 'entry' &&
      route.entry.prerendered === true &&
      !isErrorPage(config, route.entry) &&
      !mayBeAction(request))
  ) {
    response.statusCode = 405;
    response.setHeader('allow', 'GET, HEAD');
    response.end('Method Not Allowed');
    return true;
  }
  if (
    method === 'OPTIONS' &&
    route.kind === 'entry' &&
    route.entry.runtime !== 'edge' &&
    (route.entry.type === 'APP_PAGE' || route.entry.type === 'PAGES') &&
    !isErrorPage(config, route.entry)
  ) {
    response.statusCode = 400;
    response.end();
    return true;
  }
  return false;
}

/** Returns whether the request is a form or a call from the browser that the page may have a server action for. */
function mayBeAction({ method, headers }: IncomingMessage): boolean {
  if (method !== 'POST') return false;
  const type = headers['content-type'] ?? '';
  return (
    headers['next-action'] !== undefined ||
    type === 'application/x-www-form-urlencoded' ||
    type.startsWith('multipart/form-data')
  );
}
