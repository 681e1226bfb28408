import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
before(() => bed.start());
after(() => bed.stop());

/** More than all buffers on the way hold. */
const UPLOAD = Buffer.alloc(8 * 1024 * 1024, 'x');

test('a file served while an upload is paused lets the client finish the upload, and its next request follows', async () => {
  bed.site({ function: true, files: { '/file.txt': bed.file('a file') } });
  const stalled = Promise.withResolvers<void>();
  await bed.serve(dpl(1), async (req, res) => {
    if (req.method === 'GET') return void res.end('next');
    await stalled.promise;
    res.writeHead(200, { 'x-anchor-serve': '/file.txt' }).end();
  });
  const client = connect(bed.port, '127.0.0.1');
  let text = '';
  const closed = new Promise<void>((resolve, reject) => {
    client.on('close', () => resolve()).on('error', reject);
    client.setTimeout(10_000, () => client.destroy(new Error(`nothing follows ${JSON.stringify(text.slice(0, 500))}`)));
  });
  client.on('data', (bytes) => (text += bytes.toString('latin1')));
  client.write(`POST /upload HTTP/1.1\r\nhost: app.localhost\r\ncontent-length: ${UPLOAD.length}\r\n\r\n`);
  client.write(UPLOAD);
  client.write('GET /next HTTP/1.1\r\nhost: app.localhost\r\nconnection: close\r\n\r\n');
  // Until nothing more is accepted: the function reads no more of the upload.
  for (
    let [sent, same] = [-1, 0];
    same < 10;
    same = client.bytesWritten - client.writableLength === sent ? same + 1 : 0
  ) {
    sent = client.bytesWritten - client.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  stalled.resolve();
  await closed;
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*a file/);
  assert.match(text, /next$|\r\n0\r\n\r\n$/);
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 2);
});
