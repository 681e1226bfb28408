import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';

test('a stream may be silent for longer than its first byte may take, but not for ever', async () => {
  for (const http1FastPath of [true, false]) {
    const bed = await new TestBed({ timeoutMs: 300, idleMs: 1500, http1FastPath }).start();
    try {
      bed.site({ function: true });
      await bed.serve(dpl(1), (req, res) => {
        res.write('first ');
        if (req.url === '/slow') setTimeout(() => res.end('second'), 700);
      });
      assert.equal((await bed.get('/slow')).text, 'first second', `own reader: ${http1FastPath}`);
      await assert.rejects(bed.get('/never'));
    } finally {
      await bed.stop();
    }
  }
});

test('a compressed stream that pauses after a large part may be silent for as long as any', async () => {
  const large = Array.from({ length: 20_000 }, (_, i) => (i * 7919) ** 2 % 1e9).join();
  for (const http1FastPath of [true, false]) {
    const bed = await new TestBed({ idleMs: 200, silentMs: 5_000, startMs: 100, http1FastPath }).start();
    try {
      bed.site({ function: true, compress: true });
      await bed.serve(dpl(1), (_, res) => {
        res.setHeader('content-type', 'text/html');
        res.write(large);
        setTimeout(() => res.end('last'), 600);
      });
      const reply = await bed.get('/', { headers: { 'accept-encoding': 'gzip' } });
      assert.equal(reply.headers['content-encoding'], 'gzip');
      assert.ok(gunzipSync(reply.body).toString() === `${large}last`, `own reader: ${http1FastPath}`);
    } finally {
      await bed.stop();
    }
  }
});

test('a client that reads nothing is disconnected in time, also when it ends its body meanwhile', async () => {
  const bed = await new TestBed({ idleMs: 300, silentMs: 60_000, startMs: 100 }).start();
  try {
    bed.site({ function: true });
    let closed = false;
    await bed.serve(dpl(1), (req, res) => {
      req.resume();
      res.on('close', () => (closed = true));
      res.write(Buffer.alloc(20_000_000));
    });
    const socket = connect(bed.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nhost: app.localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n');
    setTimeout(() => socket.write('0\r\n\r\n'), 150);
    await eventually(() => closed);
    socket.destroy();
  } finally {
    await bed.stop();
  }
});
