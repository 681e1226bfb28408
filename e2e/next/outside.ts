/**
 * A server outside of the platform that deployed sites may reach: on an address of this machine that is not its
 * loopback.
 */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { networkInterfaces } from 'node:os';

export type Outside = Readonly<{
  origin: string;
  /** For `startPlatform`: lets sites reach it. */
  flags: readonly string[];
  close(): void;
}>;

export async function serveOutside(listener: RequestListener): Promise<Outside> {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  assert.ok(address !== undefined, 'this machine has no address but its loopback');
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return {
    origin: `http://${address}:${bound.port}`,
    flags: ['--allow-network', `${address}/32`],
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
