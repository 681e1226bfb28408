import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';
import { CaptureBuffers } from './capture-buffers.ts';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');
/** Returns the heap of JavaScript, in MB. */
function held(): number {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}
/** The bytes of buffers among it: where the copies are, without the noise of the heap. */
function buffers(): number {
  gc();
  return process.memoryUsage().arrayBuffers / 1e6;
}

test('a copy is what has passed, however it was cut, and weighs nothing once it was taken', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 3_000, maxLength: 9_000 })), {
        maxLength: 30,
      }),
      (pieces) => {
        const buffers = new CaptureBuffers(1 << 20);
        const copy = buffers.open(dpl(1), 1 << 19);
        for (const piece of pieces) {
          const bytes = Buffer.from(piece);
          copy.add(bytes);
          // The reader of a socket may reuse its memory.
          bytes.fill(0);
        }
        assert.ok(copy.take()?.equals(Buffer.concat(pieces)));
        assert.equal(copy.take(), undefined);
        assert.equal(buffers.bytes, 0);
      },
    ),
    { numRuns: 50 },
  );
});

test('one that grows too large, or is dropped, gives its memory back at once and is nothing any more', () => {
  const buffers = new CaptureBuffers(1 << 20);
  const large = buffers.open(dpl(1), 10_000);
  large.add(Buffer.alloc(10_000));
  assert.equal(buffers.bytes, 10_000, 'never more than may be kept');
  large.add(Buffer.alloc(1));
  const dropped = buffers.open(dpl(1), 10_000);
  dropped.add(Buffer.alloc(5_000));
  dropped.drop();
  for (const copy of [large, dropped]) {
    copy.add(Buffer.alloc(1));
    assert.deepEqual([buffers.bytes, copy.take()], [0, undefined]);
  }
});

test('a site whose responses use the whole budget loses its own captures, not those of others', () => {
  const buffers = new CaptureBuffers(1 << 20);
  const idle = buffers.open(dpl(2), 1 << 18);
  idle.add(Buffer.alloc(50_000, 'q'));
  const loud = Array.from({ length: 40 }, () => buffers.open(dpl(1), 1 << 18));
  for (const copy of loud) {
    for (let i = 0; i < 20; i++) copy.add(Buffer.alloc(10_000, 'l'));
    assert.ok(buffers.bytes <= 1 << 20, `${buffers.bytes}`);
  }
  idle.add(Buffer.alloc(50_000, 'q'));
  assert.equal(idle.take()?.length, 100_000);
  assert.equal(loud[0]?.take(), undefined);
  assert.equal(loud.at(-1)?.take()?.length, 200_000);
  for (const copy of loud) copy.drop();
  assert.equal(buffers.bytes, 0);
});

test('pieces of a byte cost no more than what they are', () => {
  const copy = new CaptureBuffers(1 << 24).open(dpl(1), 1 << 22);
  const before = held();
  for (let i = 0; i < 300_000; i++) copy.add(Buffer.from('a'));
  const more = held() - before;
  assert.ok(more < 3, `${more.toFixed(1)} MB`);
  assert.equal(copy.take()?.length, 300_000);
});

test(
  'streams that never end hold no more of a worker than is set aside for them, and nothing when their visitors have left',
  { timeout: 60_000 },
  async () => {
    const MB = 1 << 20;
    for (const http1FastPath of [true, false]) {
      // Four megabytes of copies, each of one at most.
      const bed = await new TestBed({ http1FastPath, pageBytes: 16 * MB }).start();
      try {
        bed.site({ function: true, builtAt: Date.now() });
        await bed.serve(dpl(1), (req, res) => {
          if (req.url === '/warm') return void res.end();
          res.writeHead(200, {
            'x-nextjs-cache': 'HIT',
            'cache-control': 's-maxage=60',
            'x-anchor-entry': JSON.stringify({ g: req.url, m: Date.now(), r: 60, t: [] }),
          });
          res.write(Buffer.alloc(MB - 1, 'a'));
        });
        await bed.get('/warm');
        const before = buffers();
        const visitors = await Promise.all(Array.from({ length: 30 }, (_, n) => receive(bed, `/stream-${n}`, MB)));
        await eventually(() => buffers() - before < 10);
        for (const visitor of visitors) visitor.destroy();
        await eventually(() => buffers() - before < 2);
      } finally {
        await bed.stop();
      }
    }
  },
);

/** Reads that many bytes of a response. */
function receive(bed: TestBed, path: string, bytes: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(bed.port, '127.0.0.1').once('error', reject);
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got >= bytes) resolve(socket);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: app.localhost\r\n\r\n`);
  });
}
