import assert from 'node:assert/strict';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed({ timeoutMs: 20_000 });
const HINT = `HTTP/1.1 103 Early Hints\r\n${`Link: <${'a'.repeat(2_000)}>; rel=preload\r\n`.repeat(6)}\r\n`;
/** Connections to the function, each with what it could write. */
const flooded: Socket[] = [];
let server: Server;

before(async () => {
  await bed.start();
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      flooded.push(socket);
      const hints = Buffer.from(HINT.repeat(20));
      const flood = (): void => {
        while (!socket.destroyed && socket.write(hints));
      };
      socket.on('drain', flood);
      flood();
    });
  });
  const path = join(bed.directory, 'flood.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  bed.functions.name(dpl(1), { kind: 'unix', path, instance: 'flood' });
  bed.site({ function: true });
});
after(async () => {
  await bed.stop();
  server.close();
});

const ways = {
  'a plain request': 'GET /h HTTP/1.1\r\nHost: app.localhost\r\n\r\n',
  'a request with a chunked body':
    'POST /h HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a request for a WebSocket':
    'GET /h HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
};
for (const [name, bytes] of Object.entries(ways)) {
  test(`${name}: a function that sends hints without end is left, also when the client reads nothing`, async () => {
    const before = flooded.length;
    const client = connect(bed.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.pause();
    client.write(bytes);
    await eventually(() => flooded.length > before && flooded.slice(before).every((socket) => socket.destroyed));
    assert.equal(flooded.length, before + 1, 'it is requested once');
    // Bytes written beyond the limit of 16 are in buffers of the two sockets.
    assert.ok((flooded[before]?.bytesWritten ?? 0) < 4 * 1024 * 1024);
    client.destroy();
    const response = await bed.raw(bytes, { until: /HTTP\/1\.1 502 [^]*\r\n\r\n/ });
    assert.ok(response.split('HTTP/1.1 103').length - 1 <= 16);
  });
}
