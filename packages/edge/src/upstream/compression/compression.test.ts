import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  gunzipSync,
  gzipSync,
  zstdDecompressSync,
} from 'node:zlib';
import { until } from '@anchor/testing/until.ts';
import { dpl, TestBed } from '../../testing/test-bed.ts';
import { chooseEncoding } from './choose-encoding.ts';
import { CompressorSlots } from './compressor-slots.ts';

const bed = new TestBed();
const TEXT = 'some text that comes again and again, '.repeat(300);
const LARGE = Array.from({ length: 60_000 }, (_, i) => `${i * 7919} `).join('');
let events: ServerResponse | undefined;

/** Once the request has arrived whole: to close a connection with unread bytes is to reset it. */
const respond = (req: IncomingMessage, res: ServerResponse): void =>
  void req.resume().once('end', () => respondTo(req, res));

function respondTo(req: IncomingMessage, res: ServerResponse): void {
  switch (req.url?.split('?')[0]) {
    case '/page':
      return void res
        .writeHead(200, {
          'content-type': 'text/html; charset=utf-8',
          'content-length': TEXT.length,
          etag: '"abc"',
          vary: 'rsc',
        })
        .end(TEXT);
    case '/large':
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(LARGE);
    case '/tiny':
      return void res.writeHead(200, { 'content-type': 'text/plain' }).end('tiny');
    case '/image':
      return void res.writeHead(200, { 'content-type': 'image/png' }).end(TEXT);
    case '/coded':
      return void res.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync(TEXT));
    case '/fixed':
      return void res
        .writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'public, no-transform' })
        .end(TEXT);
    case '/part':
      return void res.writeHead(206, { 'content-type': 'text/plain', 'content-range': 'bytes 0-10/20' }).end(TEXT);
    case '/none':
      return void res.writeHead(304, { etag: '"abc"' }).end();
    case '/old':
      return void req.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${TEXT}`);
    case '/half':
      return void res
        .writeHead(200, { 'content-type': 'text/plain', 'content-length': 100_000 })
        .write(TEXT, () => res.destroy());
    case '/stream': {
      res.writeHead(200, { 'content-type': 'text/html' }).write('first ');
      events = res;
      return;
    }
    default:
      return void res.end('?');
  }
}

before(async () => {
  await bed.start();
  await bed.serve(dpl(1), respond);
  bed.site({ function: true });
  bed.route('plain.localhost', dpl(1), bed.artifact({ function: true, compress: false }));
});
after(() => bed.stop());

/** Both ways to a function: what the edge reads itself, and what it leaves to node:http. */
const ways = { relay: {}, proxy: { method: 'POST', body: 'x'.repeat(100_000) } };
const decoders = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync } as const;

for (const [way, how] of Object.entries(ways)) {
  test(`${way}: responses of functions are compressed in a coding that the client accepts`, async () => {
    for (const [coding, decode] of Object.entries(decoders)) {
      for (const [path, text] of [
        ['/page', TEXT],
        ['/large', LARGE],
        ['/old', TEXT],
      ] as const) {
        const reply = await bed.get(path, { ...how, headers: { 'accept-encoding': coding } });
        assert.deepEqual(
          [reply.status, reply.headers['content-encoding'], reply.headers['content-length']],
          [200, coding, undefined],
          path,
        );
        assert.ok(reply.body.length < text.length / 2);
        assert.ok(decode(reply.body).toString() === text, `${path} ${coding}`);
      }
    }
    const page = await bed.get('/page', { ...how, headers: { 'accept-encoding': 'gzip, deflate, br, zstd' } });
    assert.deepEqual(
      [page.headers['content-encoding'], page.headers.etag, page.headers.vary],
      ['br', 'W/"abc"', 'rsc, accept-encoding'],
    );
  });

  test(`${way}: what is small, compressed already, in part or not to be changed is sent as it is`, async () => {
    const request = (path: string, encoding = 'gzip, br', host = 'app.localhost') =>
      bed.get(path, { ...how, host, headers: { 'accept-encoding': encoding } });
    for (const path of ['/image', '/fixed', '/part']) {
      const reply = await request(path);
      assert.deepEqual([reply.headers['content-encoding'], reply.text], [undefined, TEXT], path);
      assert.equal(reply.headers.vary, undefined, path);
    }
    assert.equal(gunzipSync((await request('/coded')).body).toString(), TEXT);
    const as = await request('/page', 'identity');
    assert.deepEqual(
      [as.text, as.headers.etag, as.headers.vary, as.headers['content-length']],
      [TEXT, '"abc"', 'rsc, accept-encoding', String(TEXT.length)],
    );
    assert.equal((await request('/page', 'br;q=0, gzip;q=0')).text, TEXT);
    assert.equal((await request('/page', 'gzip, br', 'plain.localhost')).text, TEXT, 'the project does not want it');
    assert.equal((await request('/none')).status, 304);
  });

  test(`${way}: a stream is sent as it arrives, and an aborted one is not complete`, async () => {
    for (const encoding of ['br', 'gzip'] as const) {
      const outgoing = request({
        host: '127.0.0.1',
        port: bed.port,
        path: '/stream',
        method: 'method' in how ? how.method : 'GET',
        agent: false,
        headers: { host: 'app.localhost', 'accept-encoding': encoding },
      });
      outgoing.end('body' in how ? how.body : undefined);
      const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
      const decoder = encoding === 'br' ? createBrotliDecompress() : createGunzip();
      reply.pipe(decoder);
      let got = '';
      decoder.setEncoding('utf8').on('data', (text: string) => {
        got += text;
      });
      for (const text of ['first ', 'second ', 'third ']) {
        if (text !== 'first ') events?.write(text);
        while (!got.endsWith(text)) await once(decoder, 'data');
      }
      events?.end('last');
      await once(decoder, 'end');
      assert.equal(got, 'first second third last');
    }
    await assert.rejects(bed.get('/half', { ...how, headers: { 'accept-encoding': 'br' } }));
  });
}

test(
  'a client that reads nothing of a compressed response is disconnected in time, however long a function may be silent',
  { timeout: 30_000 },
  async () => {
    const own = await new TestBed({ idleMs: 600, silentMs: 60_000 }).start();
    try {
      const huge = randomBytes(16 << 20).toString('base64');
      await own.serve(dpl(1), (_, res) => res.writeHead(200, { 'content-type': 'text/plain' }).end(huge));
      own.site({ function: true });
      for (const [i, line] of ['GET / HTTP/1.1', 'POST / HTTP/1.1\r\ntransfer-encoding: chunked'].entries()) {
        const socket = connect(own.port, '127.0.0.1');
        socket.write(
          `${line}\r\nhost: app.localhost\r\naccept-encoding: gzip\r\n\r\n${line.startsWith('POST') ? '0\r\n\r\n' : ''}`,
        );
        await once(socket, 'readable');
        const until = performance.now() + 10_000;
        while (own.log.length <= i && performance.now() < until)
          await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(own.log.length, i + 1, line);
        socket.destroy();
      }
    } finally {
      await own.stop();
    }
  },
);

test('a short response that comes with its head is not compressed', async () => {
  const reply = await bed.get('/tiny', { headers: { 'accept-encoding': 'br' } });
  assert.deepEqual(
    [reply.headers['content-encoding'], reply.text, reply.headers.vary],
    [undefined, 'tiny', 'accept-encoding'],
  );
});

test('the shell of a page and what follows are compressed as one', async () => {
  bed.route(
    'parts.localhost',
    dpl(1),
    bed.artifact({
      function: true,
      builtAt: Date.now(),
      prerenders: { '/page': bed.page(`<html>${TEXT}`, { partial: true, postponed: bed.put('{state}') }) },
    }),
  );
  const reply = await bed.get('/page', { host: 'parts.localhost', headers: { 'accept-encoding': 'gzip' } });
  assert.equal(reply.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(reply.body).toString(), `<html>${TEXT}${TEXT}`);
});

test('event streams and HTTP/1.0 are left alone', () => {
  const req = { method: 'GET', headers: { 'accept-encoding': 'br' }, httpVersionMajor: 1, httpVersionMinor: 1 };
  assert.equal(chooseEncoding(req, 200, ['content-type', 'text/event-stream']).encoding, undefined);
  assert.equal(chooseEncoding(req, 200, ['content-type', 'image/svg+xml']).encoding, 'br');
  assert.equal(chooseEncoding({ ...req, httpVersionMinor: 0 }, 200, ['content-type', 'text/html']).encoding, undefined);
  assert.deepEqual(
    chooseEncoding(req, 200, ['content-type', 'text/html', 'Vary', 'Accept-Encoding']).headers.slice(2, 4),
    ['Vary', 'Accept-Encoding'],
  );
});

test('a project compresses in one thread at a time and a limited number of responses, others have their turn', () => {
  const compressorSlots = new CompressorSlots();
  const started: string[] = [];
  const done: (() => void)[] = [];
  for (let i = 0; i < 64; i++) assert.ok(compressorSlots.enter('ann'));
  assert.ok(!compressorSlots.enter('ann'), 'its next response is sent uncompressed');
  assert.ok(compressorSlots.enter('bob'));
  for (const owner of ['ann', 'ann', 'ann', 'bob'])
    compressorSlots.take(owner, (end) => {
      started.push(owner);
      done.push(end);
    });
  assert.deepEqual(started, ['ann', 'bob']);
  done[0]?.();
  assert.deepEqual(started, ['ann', 'bob', 'ann']);
  for (let i = 0; i < 64; i++) compressorSlots.leave('ann');
  compressorSlots.leave('bob');
  assert.equal(compressorSlots.open, 0);
});

test('clients that leave give their places back', async () => {
  for (let i = 0; i < 70; i++) {
    const outgoing = request({
      host: '127.0.0.1',
      port: bed.port,
      path: '/stream',
      agent: false,
      headers: { host: 'app.localhost', 'accept-encoding': 'br' },
    });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await once(outgoing, 'response');
    outgoing.destroy();
  }
  await until(
    'there is a place again',
    async () => (await bed.get('/page', { headers: { 'accept-encoding': 'br' } })).headers['content-encoding'] === 'br',
  );
});

test('a client that does not read holds the function back, not the memory of the edge', async () => {
  let written = 0;
  await bed.serve(dpl(2), (_, res) => {
    res.writeHead(200, { 'content-type': 'text/plain' });
    const more = (): void => {
      while (written < 100e6 && !res.destroyed) {
        written += 65_536;
        if (!res.write(randomBytes(49_152).toString('base64'))) return;
      }
    };
    res.on('drain', more);
    more();
  });
  bed.route('flood.localhost', dpl(2), bed.artifact({ function: true }));
  const client = connect(bed.port, '127.0.0.1');
  client.on('error', () => undefined);
  client.pause();
  client.write('GET / HTTP/1.1\r\nhost: flood.localhost\r\naccept-encoding: br\r\n\r\n');
  const seen: number[] = [];
  while (seen.at(-1) === 0 || seen.at(-1) !== seen.at(-2) || seen.length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    seen.push(written);
  }
  client.destroy();
  assert.ok(written < 30e6, `${written} bytes were taken`);
});
