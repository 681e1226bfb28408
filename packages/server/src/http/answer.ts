import type { IncomingMessage, ServerResponse } from 'node:http';
import { problemHeaders, problemOf, type HttpError } from './problem.ts';
import { SECURITY_HEADERS } from './headers.ts';

/** How long a refused sender has to read the answer before the connection is cut with what it still sends. */
const GRACE_MS = 500;

/** A JSON answer on a raw node response. */
export function answerJson(response: ServerResponse, status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const body = JSON.stringify(value);
  answerText(response, status, body, { ...SECURITY_HEADERS, 'content-type': 'application/json', ...headers });
}

/**
 * A whole answer. With `unread` the request was not read to its end and will not be: the answer is sent and the
 * connection held open for a moment, without reading, because closing it under what still arrives would reset it and
 * could take the answer away from the sender.
 */
export function answerText(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>>, unread?: IncomingMessage): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...(unread === undefined ? {} : { connection: 'close' }), ...headers });
  if (unread === undefined) return void response.end(text);
  unread.pause();
  response.write(text);
  const cut = setTimeout(() => {
    response.end();
    unread.socket.destroy();
  }, GRACE_MS);
  unread.socket.once('close', () => clearTimeout(cut));
}

/** A problem on a raw node response. When the request was not read to its end, the connection is closed without reading on. */
export function answerProblem(request: IncomingMessage, response: ServerResponse, error: HttpError, requestId: string, headers: Readonly<Record<string, string>> = {}): void {
  const problem = problemOf(error, requestId);
  answerText(response, problem.status, JSON.stringify(problem), { ...SECURITY_HEADERS, ...problemHeaders(error), ...headers }, request.complete ? undefined : request);
}
