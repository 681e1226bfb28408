import { createConnection, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** How long the other side may be silent in both directions: a `git push` waits for its build. */
const IDLE_MS = 60 * 60_000;

const UNREACHABLE =
  'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain\r\ncontent-length: 32\r\nretry-after: 5\r\nconnection: close\r\n\r\nThe control plane is restarting\n';

/**
 * Passes a decrypted connection on to a unix socket, byte for byte, behind a PROXY header with the client's address:
 * the control plane under its own name. Requests are parsed there, so pushes, uploads and event streams are not
 * buffered here.
 */
export function tunnel(client: TLSSocket, socketPath: string): void {
  const server = createConnection(socketPath);
  let connected = false;
  server.once('connect', () => {
    connected = true;
    server.write(proxyHeader(client.remoteAddress ?? ''));
    client.pipe(server).pipe(client);
  });
  server.once('error', () => {
    if (connected) client.destroy();
    else {
      client.end(UNREACHABLE);
      // What it sent is not needed: without this its end would not be seen either, for an hour.
      client.resume();
    }
  });
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.setTimeout(IDLE_MS, () => one.destroy());
    one.once('close', () => {
      if (connected || one === client) other.destroy();
    });
  }
}

/** Returns the header of PROXY protocol v1. The receiver reads the client's address from it, and nothing else. */
function proxyHeader(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family === 0 ? 'PROXY UNKNOWN\r\n' : `PROXY TCP${family} ${plain} ${family === 4 ? '0.0.0.0' : '::'} 0 0\r\n`;
}
