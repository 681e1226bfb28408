/** What an answer writes in one turn of the event loop leaves in one packet. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Next flushes the head right before it writes the first chunk, and ends an answer some ticks after its last one: three
 * writes here, and three of everything on the way to the visitor. The head waits for what is written in the same turn,
 * and so does a chunk for the next one or the end; a stream that begins with silence still shows its head.
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
    if (held === undefined && response.socket !== null) {
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
