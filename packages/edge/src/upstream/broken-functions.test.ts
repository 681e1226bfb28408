import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { dpl, eventually } from '../testing/test-bed.ts';
import { bed, events } from './fixtures/proxied-function.ts';

test('a silent function is 504, one that dies is 502, and an aborted response is aborted for the client', async () => {
  const hang = await bed.get('/hang', { headers: { accept: 'application/json' } });
  assert.equal(hang.status, 504);
  assert.equal(JSON.parse(hang.text).code, 'function_timeout');
  await eventually(() => events.includes('hang closed'));
  assert.equal((await bed.get('/die', { method: 'POST' })).status, 502);
  await assert.rejects(bed.get('/half'));
});

test('a client that leaves ends the request at the function', async () => {
  let [received, closed] = [false, false];
  const { host } = await bed.deployment((req) => {
    received = true;
    req.socket.once('close', () => {
      closed = true;
    });
  });
  const outgoing = request({ host: '127.0.0.1', port: bed.port, path: '/', headers: { host }, agent: false });
  outgoing.on('error', () => undefined);
  outgoing.end();
  await eventually(() => received);
  outgoing.destroy();
  await eventually(() => closed);
  await eventually(() => bed.log.some((entry) => entry.host === host && entry.status === 499));
});

test('a function that speaks no HTTP is 502', async () => {
  const path = join(bed.directory, 'garbage.sock');
  const garbage = createServer((socket) => socket.end('SSH-2.0-nonsense\r\n'));
  await new Promise<void>((resolve) => garbage.listen(path, resolve));
  const id = dpl(500);
  bed.route('garbage.localhost', id, bed.artifact({ function: true }));
  bed.functions.name(id, { kind: 'unix', path, instance: 'garbage' });
  assert.equal((await bed.get('/', { host: 'garbage.localhost' })).status, 502);
  garbage.close();
});

test('no response that a function makes up ends the worker or leaves a client waiting', async () => {
  const path = join(bed.directory, 'hostile.sock');
  let response = '';
  const hostile = createServer((socket) =>
    socket.on('error', () => undefined).once('data', () => socket.end(response)),
  );
  await new Promise<void>((resolve) => hostile.listen(path, resolve));
  const id = dpl(501);
  bed.route(
    'hostile.localhost',
    id,
    bed.artifact({
      function: true,
      files: { '/page.html': bed.file('page'), '/large.bin': bed.file(Buffer.alloc(3_000_000)) },
    }),
  );
  bed.functions.name(id, { kind: 'unix', path, instance: 'hostile' });
  const send = (): Promise<string> =>
    bed.raw('GET /dynamic HTTP/1.1\r\nhost: hostile.localhost\r\nconnection: close\r\n\r\n');
  for (const file of ['/page.html', '/large.bin', '/none']) {
    for (const status of ['001', '099', '100', '204', '304', '999']) {
      response = `HTTP/1.1 ${status} X\r\nx-anchor-serve: ${file}\r\ncontent-length: 0\r\n\r\n`;
      await send();
    }
  }
  response = 'HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhi';
  assert.match(await send(), /^HTTP\/1\.1 502 /);
  assert.equal((await bed.get('/still')).status, 200);
  hostile.close();
});
