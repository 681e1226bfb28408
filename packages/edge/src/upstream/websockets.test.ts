import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { dpl, eventually } from '../testing/test-bed.ts';
import { bed, events } from './fixtures/proxied-function.ts';

test('a WebSocket is joined both ways and ends on both sides', async () => {
  const socket = connect(bed.port, '127.0.0.1');
  socket.write(
    'GET /ws HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n',
  );
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  await eventually(() => got.includes('\r\n\r\nhi'));
  assert.match(got, /^HTTP\/1\.1 101 /);
  assert.match(got, /x-request-id: /);
  socket.write('ping');
  await eventually(() => got.endsWith('hiping'));
  socket.destroy();
  await eventually(() => events.includes('closed /ws'));
  await eventually(() => bed.log.some((entry) => entry.path === '/ws' && entry.status === 101));
});

test('a WebSocket that the function or the edge refuses gets an HTTP response', async () => {
  const send = (path: string, host: string): Promise<string> =>
    bed.raw(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`);
  assert.match(await send('/no', 'app.localhost'), /^HTTP\/1\.1 403 Forbidden[^]*no$/);
  assert.match(await send('/ws', 'nobody.localhost'), /^HTTP\/1\.1 404 /);
  bed.route('files.localhost', dpl(3), bed.artifact({}));
  assert.match(await send('/ws', 'files.localhost'), /^HTTP\/1\.1 404 /);
});

test('an upgrade to anything but a WebSocket is handled as a plain request', async () => {
  assert.match(
    await bed.raw(
      'GET /x HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\n\r\n',
      { until: /hello/ },
    ),
    /^HTTP\/1\.1 200 /,
  );
});
