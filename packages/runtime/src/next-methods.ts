/** Methods that a page or file does not have: Next's own server refuses them before it calls the entry point, which would answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from './next-routes.ts';

const ERROR_PAGE = /\/(?:404|500|_not-found|_error|_global-error)$/;

/** Answers and tells so when what the request was routed to is not there for its method. */
export function refuseMethod(route: Route, request: IncomingMessage, response: ServerResponse): boolean {
  const { method = 'GET' } = request;
  if (method === 'GET' || method === 'HEAD') return false;
  if (route.kind === 'file' || (route.kind === 'entry' && route.entry.prerendered === true && !ERROR_PAGE.test(route.entry.pathname) && !mayBeAction(request))) {
    response.statusCode = 405;
    response.setHeader('allow', 'GET, HEAD');
    response.end('Method Not Allowed');
    return true;
  }
  if (method === 'OPTIONS' && route.kind === 'entry' && route.entry.runtime !== 'edge' && (route.entry.type === 'APP_PAGE' || route.entry.type === 'PAGES') && !ERROR_PAGE.test(route.entry.pathname)) {
    response.statusCode = 400;
    response.end();
    return true;
  }
  return false;
}

/** A form or a call from the browser that the page may have a server action for. */
function mayBeAction({ method, headers }: IncomingMessage): boolean {
  if (method !== 'POST') return false;
  const type = headers['content-type'] ?? '';
  return headers['next-action'] !== undefined || type === 'application/x-www-form-urlencoded' || type.startsWith('multipart/form-data');
}
