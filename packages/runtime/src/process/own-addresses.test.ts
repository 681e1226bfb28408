import assert from 'node:assert/strict';
import { createServer, get, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serveOwnAddresses, type OwnAddresses } from './own-addresses.ts';

/**
 * The app's own socket, and beside it another server of the machine on a port, which the app's own hosts must not
 * reach.
 */
let directory: string;
let own: Server;
let other: Server;
let otherPort: number;
let addresses: OwnAddresses;

const listen = (server: Server, where: string | number): Promise<void> =>
  new Promise(
    (resolve) =>
      void (typeof where === 'string' ? server.listen(where, resolve) : server.listen(where, '127.0.0.1', resolve)),
  );

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  own = createServer((request, response) =>
    response.end(
      `own ${request.headers.host} ${request.headers['x-forwarded-proto'] ?? 'http'} ${request.headers['x-forwarded-host'] ?? ''} ${request.method}`,
    ),
  );
  other = createServer((_request, response) => response.end('other'));
  await listen(own, join(directory, 'own.sock'));
  await listen(other, 0);
  const address = other.address();
  otherPort = address !== null && typeof address === 'object' ? address.port : 0;
  Object.assign(process.env, {
    ANCHOR_URL: 'http://shop-1.localhost:7080',
    ANCHOR_ENV: 'production',
    ANCHOR_PRODUCTION_URL: 'https://shop.example',
  });
  addresses = serveOwnAddresses(join(directory, 'own.sock'), 3_000);
});
after(async () => {
  own.closeAllConnections();
  other.closeAllConnections();
  own.close();
  other.close();
  await rm(directory, { recursive: true, force: true });
});

const text = async (url: string, init?: RequestInit): Promise<string> => (await fetch(url, init)).text();

test('an app reaches itself by localhost and its port, and by its own address', async () => {
  assert.match(await text('http://localhost:3000/api'), /^own localhost:3000 http/);
  assert.match(await text('http://127.0.0.1:3000/api'), /^own/);
  assert.match(await text('http://shop-1.localhost:7080/api'), /^own shop-1\.localhost:7080/);
  const byHttp = await new Promise((resolve) =>
    get('http://shop-1.localhost:7080/', (response) => response.setEncoding('utf8').once('data', resolve)),
  );
  assert.match(String(byHttp), /^own/);
});

test('an https address reaches the app as a request through the edge would', async () => {
  assert.match(
    await text('https://shop.example/api', { method: 'POST', body: 'x' }),
    /^own \S+ https shop\.example POST$/,
  );
});

test('a host that clients request is its own from then on', async () => {
  await assert.rejects(text('http://www.shop.invalid/'));
  addresses.learn('www.shop.invalid', 'http');
  assert.match(await text('http://www.shop.invalid/'), /^own www\.shop\.invalid/);
});

test('no other host, port or project is reached this way, whatever name is sent', async () => {
  assert.equal(await text(`http://127.0.0.1:${otherPort}/`), 'other', 'other ports are what they are');
  await assert.rejects(text('http://shop-1.localhost:7081/'));
  await assert.rejects(text('http://neighbour.localhost:7080/'));
  // The name of another project, sent on the own connection, reaches the app itself and nothing else.
  const raw = await new Promise<string>((resolve) => {
    const socket = connect(7_080, 'shop-1.localhost', () =>
      socket.write('GET / HTTP/1.1\r\nHost: neighbour.localhost:7080\r\nConnection: close\r\n\r\n'),
    );
    let seen = '';
    socket
      .setEncoding('utf8')
      .on('data', (part) => (seen += part))
      .on('end', () => resolve(seen));
  });
  assert.match(raw, /own neighbour\.localhost:7080/);
});

test('a client cannot make another port of a host lead to the app: its database may be there', async () => {
  addresses.learn(`localhost:${otherPort}`, 'http');
  assert.equal(await text(`http://localhost:${otherPort}/`), 'other');
  addresses.learn('host-a.invalid:7080', 'http');
  assert.match(await text('http://host-a.invalid:7080/'), /^own/);
});

test('hosts of clients are remembered in a bounded number', async () => {
  for (let i = 0; i < 200; i++) addresses.learn(`host-${i}.invalid`, 'http');
  await assert.rejects(text('http://host-0.invalid/'));
  assert.match(await text('http://host-199.invalid/'), /^own/);
});
