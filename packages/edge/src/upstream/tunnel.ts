import type { Duplex } from 'node:stream';

/** How long the last bytes of a tunnel may take. */
const LAST_BYTES_MS = 1000;

/** Passes bytes between two connections in step with both, until they end together. `count` gets what `client` gets. */
export function joinConnections(client: Duplex, upstream: Duplex, count: (bytes: number) => void): void {
  client.on('data', (chunk: Buffer) => {
    if (!upstream.write(chunk)) client.pause();
  });
  upstream.on('drain', () => client.resume());
  upstream.on('data', (chunk: Buffer) => {
    count(chunk.length);
    if (!client.write(chunk)) upstream.pause();
  });
  client.on('drain', () => upstream.resume());
  // A WebSocket has no use for half a connection: the last bytes may still pass, then both sides are closed.
  const closeSoon = (): void => {
    upstream.end();
    client.end();
    setTimeout(() => {
      upstream.destroy();
      client.destroy();
    }, LAST_BYTES_MS).unref();
  };
  client.on('end', closeSoon);
  upstream.on('end', closeSoon);
  client.on('close', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
  upstream.resume();
  client.resume();
}
