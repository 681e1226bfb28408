/** A server outside of the platform that deployed sites may reach: on an address of this machine that is not its loopback. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';

export type External = Readonly<{ address: string; origin: string; close(): void }>;

/** Tells what it was asked; `/…status?code=` answers with that status, `/…slow` in two parts. */
export async function startExternal(): Promise<External> {
  const address = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  assert.ok(address !== undefined, 'this machine has no address but its loopback');
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part)).once('end', () => {
      const url = new URL(request.url ?? '/', 'http://external');
      if (url.pathname.endsWith('/slow')) {
        response.write('first ');
        setTimeout(() => response.end('second'), 400);
        return;
      }
      response.statusCode = Number(url.searchParams.get('code') ?? 200);
      response.setHeader('x-from-external', 'yes');
      response.setHeader('content-type', 'application/json');
      response.setHeader('set-cookie', ['external=1; Path=/', 'more=2; Path=/']);
      const { cookie = null, 'x-added': added = null, 'x-forwarded-host': forwarded = null } = request.headers;
      response.end(JSON.stringify({ method: request.method, path: url.pathname, query: Object.fromEntries([...url.searchParams].sort()), body, cookie, added, named: forwarded !== null }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return {
    address, origin: `http://${address}:${bound.port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
