/** Listening on a unix socket, and ending well. */
import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { InFlight } from './in-flight.ts';

/**
 * Resolves when connections are accepted. The directory's permissions decide which processes may connect; the socket
 * itself is open.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true }); // what a killed process left
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, 1024, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, 0o666);
}

/**
 * Drains on SIGTERM: no new connections, responses in flight and the work after them are completed, then exit code 0.
 */
export function drainOnTerm(server: Server, inFlight: InFlight): void {
  process.once('SIGTERM', () => {
    server.close();
    server.closeIdleConnections();
    void inFlight.drained().then(() => {
      server.closeAllConnections();
      process.exit(0);
    });
  });
}
