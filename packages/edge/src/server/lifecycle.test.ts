import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';

const control = (socketPath: string, path: string): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(JSON.parse(body)));
    })
      .on('error', reject)
      .end();
  });

test("the control socket reloads, then reports the served routes and the worker's state", async () => {
  const bed = new TestBed();
  const socket = join(bed.directory, 'edge.sock');
  await bed.start(socket);
  try {
    bed.site({ files: { '/a.txt': bed.file('a') } });
    const serving = (host: string, id: string): Promise<Record<string, unknown>> =>
      control(socket, `/serving?host=${host}&deployment=${id}`);
    assert.equal((await serving('app.localhost', dpl(1))).serving, true);
    assert.equal(
      (await control(socket, `/settled?host=app.localhost&deployment=${dpl(1)}`)).settled,
      true,
      'its name until this release',
    );
    assert.deepEqual(await serving('app.localhost', dpl(2)), { serving: false, serves: dpl(1) });
    assert.equal((await serving('nobody.localhost', dpl(1))).serving, false);
    bed.coming.set('app.localhost', bed.routeOf('app.localhost', dpl(2), 'c'.repeat(64)));
    const broken = await serving('app.localhost', dpl(2));
    assert.equal(broken.serving, false, 'a deployment whose artifact cannot be read is not served');
    assert.match(String(broken.reason), /blob store/);
    const status = await control(socket, '/status');
    assert.equal(status.inflight, 0);
    assert.ok(Number((status.memory as { rss: number }).rss) > 0);
    assert.equal((await control(socket, '/other')).error, 'not found');
  } finally {
    await bed.stop();
  }
});

test('a worker that closes completes requests in flight and closes every connection', async () => {
  const bed = await new TestBed({ shutdownLingerMs: 100 }).start();
  try {
    let response = (): void => undefined;
    bed.site({ function: true, files: { '/a.txt': bed.file('a') } });
    await bed.serve(dpl(1), (_req, res) => {
      res.write('started ');
      response = () => res.end('and completed');
    });
    const idle = connect(bed.port, '127.0.0.1');
    await once(idle, 'connect');
    const inflight = bed.get('/slow');
    await eventually(() => bed.functions.acquired > 0);
    const closing = bed.edge.close(5000);
    while (
      await bed.get('/a.txt').then(
        () => true,
        () => false,
      )
    ); // until new connections are refused
    idle.write('GET /a.txt HTTP/1.1\r\nhost: app.localhost\r\n\r\n');
    let got = '';
    idle.on('data', (chunk) => {
      got += chunk;
    });
    await once(idle, 'close');
    assert.match(got, /^HTTP\/1\.1 200 [^]*connection: close/i, 'a connection that was open still gets its response');
    response();
    assert.equal((await inflight).text, 'started and completed');
    await closing;
  } finally {
    await bed.stop();
  }
});

test('what does not end is cut at the deadline', async () => {
  const bed = await new TestBed({ shutdownLingerMs: 10 }).start();
  try {
    bed.site({ function: true });
    await bed.serve(dpl(1), (_req, res) => void res.write('forever'));
    const lost = assert.rejects(bed.get('/'));
    await eventually(() => bed.functions.acquired > 0);
    const startedAt = Date.now();
    await bed.edge.close(150);
    assert.ok(Date.now() - startedAt < 2000);
    await lost;
  } finally {
    await bed.stop();
  }
});

test('two workers share a port', async () => {
  const [one, two] = [new TestBed(), new TestBed()];
  try {
    const { port } = await one.edge.listen({ host: '127.0.0.1', port: 0, reusePort: true });
    await two.edge.listen({ host: '127.0.0.1', port, reusePort: true });
    one.port = two.port = port;
    for (const bed of [one, two]) bed.site({ files: { '/a.txt': bed.file('shared') } });
    for (let i = 0; i < 20; i++) assert.equal((await one.get('/a.txt')).text, 'shared');
    await one.edge.close(100);
    for (let i = 0; i < 20; i++) assert.equal((await two.get('/a.txt')).text, 'shared');
  } finally {
    await one.stop();
    await two.stop();
  }
});
