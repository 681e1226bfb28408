import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { createAuthority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { until } from '@anchor/testing/until.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';
import { ConnectionLimits } from './connection-limits.ts';

test('a client has a limited number of connections; proxies and loopback represent many', () => {
  const limits = new ConnectionLimits(
    { maxConnections: 100, clientConnections: 2 },
    (address) => address === '10.0.0.1',
  );
  const first = limits.enter('192.0.2.1');
  assert.ok(first !== undefined && limits.enter('192.0.2.1') !== undefined);
  assert.equal(limits.enter('192.0.2.1'), undefined);
  assert.ok(limits.enter('192.0.2.2') !== undefined);
  first.leave();
  assert.ok(limits.enter('192.0.2.1') !== undefined);
  for (let i = 0; i < 5; i++)
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1'])
      assert.ok(limits.enter(address) !== undefined);
  assert.ok(limits.enter('2001:db8:1:2::1') !== undefined && limits.enter('2001:db8:1:2:3::9') !== undefined);
  assert.equal(limits.enter('2001:db8:1:2:ffff::1'), undefined, 'one network of an IPv6 client');
  assert.ok(limits.enter('2001:db8:1:3::1') !== undefined);
  assert.ok(limits.enter('2001:db8::1') !== undefined && limits.enter('2001:db8::a:b:c:d') !== undefined);
  assert.equal(limits.enter('2001:db8::2'), undefined, 'zeros that are left out are part of the network');
  assert.ok(limits.enter('2001:db8:0:1::2') !== undefined);
});

test('a connection whose client a proxy names counts for that one, and for no other than before', () => {
  const limits = new ConnectionLimits({ maxConnections: 100, clientConnections: 1 }, () => false);
  const [one, two, three] = ['', '', '192.0.2.9'].map((address) => limits.enter(address));
  assert.ok(one?.rename('192.0.2.1'));
  assert.equal(two?.rename('192.0.2.1'), false);
  assert.equal(limits.enter('192.0.2.1'), undefined);
  assert.ok(two?.rename('192.0.2.2') && three?.rename('192.0.2.3'));
  assert.ok(limits.enter('192.0.2.9') !== undefined);
  one?.leave();
  assert.ok(limits.enter('192.0.2.1') !== undefined);
  assert.equal(limits.open, 4);
});

test('behind a load balancer each client is counted by the address that it names, over HTTP and TLS', async (t) => {
  const bed = await new TestBed({ clientConnections: 2, proxyProtocolFrom: ['127.0.0.1'] }).start();
  t.after(() => bed.stop());
  bed.route('app.localhost', dpl(1), bed.artifact({ files: { '/a.txt': bed.file('here') } }));
  const keyPem = await generateKeyPem();
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 60_000 };
  bed.certificates.serve(['app.localhost'], { keyPem, chainPem: await createAuthority('Test', keyPem, validity) });
  /** Returns a connection that has served a request; undefined when it was closed instead. */
  const use = async (client: string, secure: boolean): Promise<Socket | undefined> => {
    const plain = connect(secure ? bed.httpsPort : bed.port, '127.0.0.1');
    plain.write(`PROXY TCP4 ${client} 198.51.100.1 1 80\r\n`);
    const socket = secure
      ? connectSecure({ socket: plain, servername: 'app.localhost', rejectUnauthorized: false })
      : plain;
    for (const each of [plain, socket]) each.on('error', () => undefined);
    t.after(() => plain.destroy());
    socket.write('GET /a.txt HTTP/1.1\r\nhost: app.localhost\r\n\r\n');
    return new Promise((resolve) => {
      socket.once('data', () => resolve(socket));
      socket.once('close', () => resolve(undefined));
    });
  };
  const first = await use('203.0.113.1', false);
  assert.ok(first !== undefined && (await use('203.0.113.1', true)) !== undefined);
  for (const secure of [false, true]) {
    assert.equal(await use('203.0.113.1', secure), undefined, 'it has its two');
    assert.ok((await use('203.0.113.2', secure)) !== undefined, 'another client has its own');
  }
  first.destroy();
  await until('its place is free', async () => (await use('203.0.113.1', true)) !== undefined);
});

test('at the connection limit, an idle connection is evicted for a new one', async (t) => {
  const bed = await new TestBed({ maxConnections: 20 }).start();
  t.after(() => bed.stop());
  bed.route('app.localhost', dpl(1), bed.artifact({ files: { '/a.txt': bed.file('here') } }));
  const sockets: Socket[] = [];
  for (let i = 0; i < 20; i++) {
    const socket = connect(bed.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
  }
  for (let i = 0; i < 10; i++) assert.equal((await bed.get('/a.txt')).text, 'here');
  for (const socket of sockets) socket.destroy();
});

test('one project cannot hold all requests in flight', async (t) => {
  const bed = await new TestBed({ projectInflight: 5 }).start();
  t.after(() => bed.stop());
  const free: (() => void)[] = [];
  const slow = await bed.deployment((_, res) => void free.push(() => res.end('slow')));
  const other = await bed.deployment((_, res) => void res.end('other'));
  bed.routes.set(other.host, {
    ...bed.routeOf(other.host, other.id, bed.artifact({ function: true })),
    projectId: 'prj_00000000000000000002',
  });
  const held = Array.from({ length: 5 }, (_, i) =>
    bed.get('/', { host: slow.host, ...(i % 2 === 0 ? {} : { method: 'POST', body: 'x'.repeat(100_000) }) }),
  );
  while (free.length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  const refused = await bed.get('/', { host: slow.host });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
  assert.match(
    await bed.raw(`GET /ws HTTP/1.1\r\nhost: ${slow.host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`),
    /^HTTP\/1\.1 503 /,
  );
  assert.equal((await bed.get('/', { host: other.host })).text, 'other');
  for (const end of free.splice(0)) end();
  assert.ok((await Promise.all(held)).every(({ text }) => text === 'slow'));
  const second = bed.get('/', { host: slow.host });
  while (free.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  free[0]?.();
  assert.equal((await second).text, 'slow');
  assert.ok(bed.notes.some(({ text }) => /in flight/.test(text)));
});
