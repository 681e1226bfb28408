import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, createServer as createSecureServer, type TLSSocket } from 'node:tls';
import { TestBed } from '../../testing/test-bed.ts';
import { tunnel } from './tunnel.ts';
import { authority, wildcard, handshake, respond, get } from './fixtures/tls-bed.ts';

/** Serves plain HTTP on a unix socket behind the PROXY header of a tunnel, as the control plane does. */
async function tunnelled(run: (bed: TestBed, server: Server, path: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-test-tunnel-'));
  const path = join(directory, 'api.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
  });
  const bed = await new TestBed({ tunnels: new Map([['api.example.com', path]]) }).start();
  bed.certificates.serve(['*.example.com'], wildcard);
  try {
    await run(bed, server, path);
  } finally {
    await bed.stop();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

test("a worker that stops closes the connections that it passes on, also the control plane's streams", () =>
  tunnelled(async (bed, server, path) => {
    await once(server.listen(path), 'listening');
    const socket = await handshake(bed, { servername: 'api.example.com' });
    assert.match(await respond(socket, get('/api/logs', 'api.example.com')), /hello$/);
    const closed = once(socket, 'close');
    await bed.stop();
    await closed;
  }));

test('while the control plane is down its connections get 502, and leave nothing open', async () => {
  const server = createSecureServer({ key: wildcard.keyPem, cert: wildcard.chainPem });
  const accepted = once(server, 'secureConnection');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ca: authority.certificatePem, servername: 'api.example.com' });
  const [secure] = (await accepted) as [TLSSocket];
  const closed = once(secure, 'close');
  tunnel(secure, '/nonexistent');
  assert.match(await respond(client, get('/', 'api.example.com')), /^HTTP\/1\.1 502 [^]*restarting/);
  client.end();
  await closed;
  server.close();
});
