import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

/** A function that responds as a test says, byte for byte, and records what it receives, connection by connection. */
const bed = new TestBed();
const servers: Server[] = [];
let deployments = 1;

before(() => bed.start());
after(async () => {
  for (const server of servers) server.close();
  await bed.stop();
});

type Observed = { host: string; connections: string[]; sockets: Socket[]; id: ReturnType<typeof dpl> };

/** `response` is called with all that a connection has brought so far, at each piece. */
async function deployment(response: (got: string, socket: Socket) => void): Promise<Observed> {
  const id = dpl(deployments++);
  const observed: Observed = { host: `d${deployments}.localhost`, connections: [], sockets: [], id };
  bed.route(observed.host, id, bed.artifact({ function: true }));
  await instance(observed, response);
  return observed;
}

async function instance(observed: Observed, response: (got: string, socket: Socket) => void): Promise<Server> {
  const path = join(bed.directory, `raw-${servers.length}.sock`);
  const server = createServer((socket) => {
    const at = observed.connections.push('') - 1;
    observed.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      observed.connections[at] += chunk.toString('latin1');
      response(observed.connections[at] ?? '', socket);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  bed.functions.name(observed.id, { kind: 'unix', path, instance: `raw${servers.length}` });
  return server;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
/** All requests so far are there, bodies and all. */
const whole = (got: string): boolean => /\r\n\r\n(?:[\w ]*end)?$/.test(got);

test('a request with a body is sent once when the function dies over it, whatever its method and however it was read', async () => {
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) {
    for (const body of ['the end', `${'x'.repeat(100_000)} the end`]) {
      const observed = await deployment((got, socket) => {
        if (got.startsWith('GET')) socket.write(OK);
        else if (got.endsWith('the end')) socket.destroy();
      });
      // A connection that rests is none for it: it may be closing.
      assert.equal((await bed.get('/x', { host: observed.host })).text, 'ok');
      const reply = await bed.get('/x', {
        host: observed.host,
        method,
        body,
        headers: { 'content-length': String(body.length) },
      });
      assert.equal(reply.status, 502);
      assert.equal(observed.connections.length, 2, `${method} ${body.length}`);
      assert.equal(observed.connections[1]?.split('\r\n\r\n')[1], body);
    }
  }
});

test('a request without a body that may be sent twice is, once: it may be what ends the instances', async () => {
  for (const [method, times] of [
    ['GET', 2],
    ['DELETE', 2],
    ['PATCH', 1],
  ] as const) {
    for (const headers of [{ 'content-length': '0' }, { 'content-length': '0', expect: '100-continue' }]) {
      const observed = await deployment((got, socket) => {
        if (whole(got)) socket.destroy();
      });
      const reply = await bed.get('/x', { host: observed.host, method, ...(method === 'GET' ? {} : { headers }) });
      assert.equal(reply.status, 502);
      assert.equal(observed.connections.length, times, `${method} ${JSON.stringify(headers)}`);
    }
  }
});

test('nothing is sent again once any byte of a response came', async () => {
  for (const method of ['PUT', 'GET']) {
    const observed = await deployment((got, socket) => {
      if (whole(got)) socket.end('HTTP/1.1 2');
    });
    assert.equal(
      (await bed.get('/x', { host: observed.host, method, ...(method === 'PUT' ? { body: 'end' } : {}) })).status,
      502,
    );
    assert.equal(observed.connections.length, 1, method);
  }
});

test('an instance that refuses its connection has read nothing: another one is used, whatever the method', async () => {
  const observed = await deployment((got, socket) => {
    if (whole(got)) socket.write(OK);
  });
  assert.equal((await bed.get('/x', { host: observed.host, method: 'POST', body: 'end' })).text, 'ok');
  servers.at(-1)?.close();
  for (const socket of observed.sockets) socket.destroy();
  bed.functions.upstreams.delete(observed.id);
  await instance(observed, (got, socket) => {
    if (whole(got)) socket.write(OK);
  });
  assert.equal((await bed.get('/x', { host: observed.host, method: 'POST', body: 'moved end' })).text, 'ok');
  assert.match(observed.connections.at(-1) ?? '', /moved end$/);
});

test('what must not be sent twice gets a connection of its own', async () => {
  const observed = await deployment((got, socket) => {
    if (whole(got)) socket.write(OK);
  });
  for (let i = 0; i < 3; i++) assert.equal((await bed.get('/x', { host: observed.host })).text, 'ok');
  assert.equal(observed.connections.length, 1);
  assert.equal((await bed.get('/x', { host: observed.host, method: 'POST', body: 'end' })).text, 'ok');
  assert.equal(
    (await bed.get('/x', { host: observed.host, method: 'POST', headers: { 'content-length': '0' } })).text,
    'ok',
  );
  assert.equal(observed.connections.length, 3);
  assert.match(observed.connections[1] ?? '', /\r\nConnection: close\r\n/);
  assert.equal((await bed.get('/x', { host: observed.host })).text, 'ok');
  assert.equal(observed.connections.length, 3, 'the first one is still there for others');
});

test('a function that responds before it has read the body is passed on, and its handling of the body reaches no other request', async () => {
  const evil = 'GET /evil HTTP/1.1\r\nhost: evil\r\n\r\n';
  for (const method of ['POST', 'PUT']) {
    // It takes each end of a head for a request, as a server does that knows nothing of bodies.
    const responded = new WeakMap<Socket, number>();
    const observed = await deployment((got, socket) => {
      const heads = got.split('\r\n\r\n').length - 1;
      for (let i = responded.get(socket) ?? 0; i < heads; i++) {
        const last = got.split('\r\n\r\n')[i] ?? '';
        const text = last.includes('/evil') ? 'evil' : 'fine';
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n${text}`);
      }
      responded.set(socket, heads);
    });
    for (let i = 0; i < 5; i++) {
      const [form, page] = await Promise.all([
        bed.get('/form', { host: observed.host, method, body: evil }),
        bed.get('/page', { host: observed.host }),
      ]);
      assert.deepEqual(
        [form.text, page.text, (await bed.get('/page', { host: observed.host })).text],
        ['fine', 'fine', 'fine'],
        method,
      );
    }
  }
});
