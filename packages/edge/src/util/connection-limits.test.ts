import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
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
  first();
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
