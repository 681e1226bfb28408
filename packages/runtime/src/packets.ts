/** Fewer packets: the head of an answer leaves with its first bytes, the end of a page with its last ones. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Next flushes the head right before it writes the first chunk, and ends a page some ticks after its last one: three
 * writes here, and three of everything on the way to the visitor. The head waits for what is written in the same turn; a
 * stream that begins with silence still shows its head. A chunk that closes the document waits for the end, at most until
 * the next turn; no other does, since work may follow that takes long.
 */
export function joinPackets(response: ServerResponse): void {
  const flush = response.flushHeaders.bind(response);
  response.flushHeaders = () => {
    if (response.headersSent) return flush();
    response.writeHead(response.statusCode);
    setImmediate(() => {
      if (!headSent(response) && !response.destroyed) flush();
    });
  };

  const { write, end } = response;
  let held: Socket | undefined;
  const release = (): void => {
    const socket = held;
    held = undefined;
    socket?.uncork();
  };
  replace(response, 'write', (args) => {
    if (held === undefined && response.socket !== null && closesDocument(args[0])) {
      held = response.socket;
      held.cork();
      setImmediate(release);
    }
    return Reflect.apply(write, response, args);
  });
  replace(response, 'end', (args) => {
    const ended: unknown = Reflect.apply(end, response, args);
    release();
    return ended;
  });
}

const replace = (response: ServerResponse, name: string, value: (args: readonly unknown[]) => unknown): void =>
  void Object.defineProperty(response, name, { value: (...args: readonly unknown[]) => value(args), configurable: true, writable: true, enumerable: true });

/** Node's own mark; where it is missing the head is flushed once more, which writes nothing. */
const headSent = (response: ServerResponse): boolean => Reflect.get(response, '_headerSent') === true;

const CLOSING = '</html>';
const CLOSING_BYTES = Buffer.from(CLOSING);
/** Next writes the closing tags last, wherever the document has them. */
const closesDocument = (chunk: unknown): boolean =>
  typeof chunk === 'string' ? chunk.endsWith(CLOSING) : chunk instanceof Uint8Array && chunk.length >= CLOSING_BYTES.length && CLOSING_BYTES.compare(chunk, chunk.length - CLOSING_BYTES.length) === 0;
