import type { IncomingMessage, ServerResponse } from 'node:http';
import { problemHeaders, problemOf, type HttpError } from './problem.ts';
import { SECURITY_HEADERS } from './headers.ts';

/** How long a refused sender has to read the answer before the connection is cut with what it still sends. */
const GRACE_MS = 500;

/** A JSON answer on a raw node response. */
export function answerJson(response: ServerResponse, status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** A problem on a raw node response. When the request was not read to its end, the connection is closed without reading on. */
export function answerProblem(request: IncomingMessage, response: ServerResponse, error: HttpError, requestId: string, headers: Readonly<Record<string, string>> = {}): void {
  const problem = problemOf(error, requestId);
  const unread = !request.complete;
  answerJson(response, problem.status, problem, { ...problemHeaders(error), ...(unread ? { connection: 'close' } : {}), ...headers });
  if (unread) cutAfterAnswer(request, response);
}

export function cutAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  request.pause();
  const cut = setTimeout(() => request.socket.destroy(), GRACE_MS);
  cut.unref();
  response.once('close', () => request.socket.once('close', () => clearTimeout(cut)));
}
