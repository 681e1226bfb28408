import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { renderProblem } from '../error-pages/error-page.ts';
import { headTooLarge, headTooSlow, malformed } from '../error-pages/problems.ts';

/** Responds to bytes that are not an HTTP request, and closes the connection. `code` is the parser's. */
export function rejectConnection(code: string | undefined, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET' || code === 'EPIPE') return void socket.destroy();
  const problem =
    code === 'HPE_HEADER_OVERFLOW' ? headTooLarge() : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? headTooSlow() : malformed();
  const requestId = randomUUID();
  const { type, body } = renderProblem(problem, requestId, undefined);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
