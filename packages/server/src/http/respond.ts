import type { IncomingMessage, ServerResponse } from 'node:http';
import { problemHeaders, problemOf, type HttpError } from './problem.ts';
import { SECURITY_HEADERS } from './headers.ts';

/** How long a refused sender has to read the response before the connection is reset with what it still sends. */
const GRACE_MS = 500;

/** Sends a JSON response on a raw node response. */
export function respondJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(value);
  respondText(response, status, body, { ...SECURITY_HEADERS, 'content-type': 'application/json', ...headers });
}

/**
 * Sends a whole response. With `unread` the request was not read to its end and will not be. The response is sent and
 * the connection held open for a moment, without reading: closing it while data still arrives would reset it, and the
 * sender could lose the response.
 */
export function respondText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
  unread?: IncomingMessage,
): void {
  response.writeHead(status, {
    'content-length': Buffer.byteLength(text),
    ...(unread === undefined ? {} : { connection: 'close' }),
    ...headers,
  });
  if (unread === undefined) return void response.end(text);
  unread.pause();
  response.write(text);
  const cut = setTimeout(() => {
    response.end();
    unread.socket.destroy();
  }, GRACE_MS);
  unread.socket.once('close', () => clearTimeout(cut));
}

/**
 * Sends a problem on a raw node response. When the request was not read to its end, the connection is closed without
 * reading on.
 */
export function respondProblem(
  request: IncomingMessage,
  response: ServerResponse,
  error: HttpError,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const problem = problemOf(error, requestId);
  respondText(
    response,
    problem.status,
    JSON.stringify(problem),
    { ...SECURITY_HEADERS, ...problemHeaders(error), ...headers },
    request.complete ? undefined : request,
  );
}
