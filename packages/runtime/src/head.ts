/** The head of an answer and its first bytes in one packet. */
import type { ServerResponse } from 'node:http';

/**
 * Next flushes the head right before it writes the first chunk: two writes here, and two of everything on the way to the
 * visitor. The head waits for what is written in the same turn; a stream that begins with silence still shows its head.
 */
export function joinHead(response: ServerResponse): void {
  const flush = response.flushHeaders.bind(response);
  response.flushHeaders = () => {
    if (response.headersSent) return flush();
    response.writeHead(response.statusCode);
    setImmediate(() => {
      if (!headSent(response) && !response.destroyed) flush();
    });
  };
}

/** Node's own mark; where it is missing the head is flushed once more, which writes nothing. */
const headSent = (response: ServerResponse): boolean => Reflect.get(response, '_headerSent') === true;
