import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed({ headersMs: 300, maxHeaderBytes: 8192 });
const seen: string[] = [];

before(async () => {
  await bed.start();
  writeFileSync(join(bed.directory, 'secret.txt'), 'TOP SECRET');
  bed.site({ framework: { name: 'static' }, files: { '/index.html': bed.file('home'), '/a.txt': bed.file('aaaa') } });
  bed.route('fn.localhost', dpl(2), bed.artifact({ function: true }));
  await bed.serve(dpl(2), (req, res) => {
    seen.push(`${req.method} ${req.url}`);
    req.resume();
    if (req.url === '/early') return void res.writeHead(200, { 'content-length': '1000' }).write('early');
    req.on('end', () => res.end('fn'));
  });
});
after(() => bed.stop());

const alive = async (): Promise<void> => assert.equal((await bed.get('/a.txt')).text, 'aaaa');
const status = (reply: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1] ?? 0);

test('paths that would climb out are refused', async () => {
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/a/..%5c..%5csecret.txt',
    '/.%2e/secret.txt',
    '/a.txt%00',
    '/%00',
    '/\\..\\secret.txt',
    '/%c0%ae%c0%ae/secret.txt',
    '/....//secret.txt',
  ]) {
    const reply = await bed.raw(`GET ${path} HTTP/1.1\r\nhost: app.localhost\r\nconnection: close\r\n\r\n`);
    assert.ok([400, 404, 308].includes(status(reply)), `${path}: ${reply.slice(0, 60)}`);
    assert.ok(!reply.includes('TOP SECRET'));
  }
});

test('a malformed body ends a response that has started, and adds no bytes to it', async () => {
  const reply = await new Promise<string>((resolve) => {
    const socket = connect(bed.port, '127.0.0.1');
    let got = '';
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
    socket.on('data', (bytes) => {
      if (got === '') socket.write('not a size\r\n');
      got += bytes.toString('latin1');
    });
    socket.write('POST /early HTTP/1.1\r\nhost: fn.localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n');
  });
  assert.match(reply, /^HTTP\/1\.1 200 [^]*\r\n\r\nearly$/);
});

test('requests that two servers could read differently are refused and the connection ends', async () => {
  seen.length = 0;
  const host = 'host: fn.localhost\r\n';
  for (const head of [
    `${host}content-length: 5\r\ntransfer-encoding: chunked\r\n`,
    `${host}content-length: 5\r\ncontent-length: 6\r\n`,
    `${host}content-length: 5, 5\r\n`,
    `${host}content-length: +5\r\n`,
    `${host}content-length: -1\r\n`,
    `${host}content-length: 0x5\r\n`,
    `${host}transfer-encoding: chunked, identity\r\n`,
    `${host}transfer-encoding: xchunked\r\n`,
    `${host}transfer-encoding: gzip, chunked\r\n`,
    `${host}transfer-encoding : chunked\r\n`,
    `${host}transfer-encoding:\x0bchunked\r\n`,
    `${host}x: a\r\n b: c\r\n folded\r\n transfer-encoding: chunked\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n`,
    `${host}host: app.localhost\r\n`,
    `${host}bad header: x\r\n`,
    `${host}x: a\x00b\r\n`,
    `${host}x: a\rb\r\n`,
  ]) {
    const reply = await bed.raw(
      `POST /smuggle HTTP/1.1\r\n${head}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: fn.localhost\r\n\r\n`,
    );
    assert.equal(status(reply), 400, `${JSON.stringify(head)}: ${reply.slice(0, 80)}`);
  }
  assert.deepEqual(
    seen.filter((line) => line.includes('smuggled')),
    [],
  );
});

test('chunks with a wrong size are refused', async () => {
  for (const body of ['5\r\nabc\r\n0\r\n\r\n', 'zz\r\nabc\r\n', 'fffffffffffffffff\r\na', '-1\r\n\r\n']) {
    const reply = await bed.raw(`POST / HTTP/1.1\r\nhost: fn.localhost\r\ntransfer-encoding: chunked\r\n\r\n${body}`, {
      half: true,
    });
    assert.notEqual(status(reply), 200, JSON.stringify(body));
  }
  await alive();
});

test('a head that is too large is 431, one that never ends is 408', async () => {
  assert.equal(status(await bed.raw(`GET / HTTP/1.1\r\nhost: app.localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`)), 431);
  assert.equal(status(await bed.raw('GET / HTTP/1.1\r\nhost: app.localhost\r\nx: a')), 408);
});

test('a request without a host, or with an odd target or method, is refused', async () => {
  assert.equal(status(await bed.raw('GET / HTTP/1.1\r\nconnection: close\r\n\r\n')), 400);
  assert.equal(status(await bed.raw('OPTIONS * HTTP/1.1\r\nhost: app.localhost\r\n\r\n')), 400);
  assert.equal(status(await bed.raw('BREW / HTTP/1.1\r\nhost: app.localhost\r\n\r\n')), 400);
  assert.equal(status(await bed.raw('GET / HTTP/2.0\r\nhost: app.localhost\r\n\r\n')), 505);
  assert.equal(
    status(await bed.raw('GET / HTTP/1.1\r\nhost: app.localhost\r\nexpect: 200-maybe\r\nconnection: close\r\n\r\n')),
    417,
  );
  const connectReply = await bed.raw('CONNECT app.localhost:22 HTTP/1.1\r\nhost: app.localhost\r\n\r\n');
  assert.notEqual(status(connectReply), 200);
  assert.match(await bed.raw('GET / HTTP/1.0\r\nhost: app.localhost\r\n\r\n'), /^HTTP\/1\.1 200 [^]*home$/);
  assert.match(
    await bed.raw('GET http://app.localhost/a.txt HTTP/1.1\r\nhost: unknown.localhost\r\nconnection: close\r\n\r\n'),
    /aaaa$/,
  );
});

test('pipelined requests get their responses in order', async () => {
  const one = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: app.localhost\r\n\r\n`;
  const reply = await bed.raw(
    one('/a.txt') + one('/index.html') + one('/a.txt').replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'),
  );
  assert.deepEqual(
    [...reply.matchAll(/\r\n\r\n(\w+?)(?=HTTP|$)/g)].map((match) => match[1]),
    ['aaaa', 'home', 'aaaa'],
  );
});

test('arbitrary bytes lead to a response or a close, never to a crash or to a file outside the site', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      'HEAD ',
      '/',
      '/a.txt',
      '/../secret.txt',
      '//',
      '%2e%2e',
      '%00',
      ' HTTP/1.1',
      ' HTTP/1.0',
      ' HTTP/9.9',
      '\r\n',
      '\n',
      '\r',
      '\r\n\r\n',
      'host: app.localhost',
      'host: fn.localhost',
      'Host: ',
      'content-length: 3',
      'content-length: 99999999999999999999',
      'transfer-encoding: chunked',
      'connection: upgrade',
      'upgrade: websocket',
      'range: bytes=0-',
      'if-none-match: *',
      'accept-encoding: br;q=',
      'expect: 100-continue',
      '3\r\nabc\r\n',
      '0\r\n\r\n',
      '\0',
      '\xff',
      'cookie: __prerender_bypass=',
      ': ',
      'GET / HTTP/1.1\r\nhost: app.localhost\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (parts) => {
      const reply = await bed.raw(Buffer.from(parts.join(''), 'latin1'), { half: true });
      assert.ok(!reply.includes('TOP SECRET'));
      assert.ok(reply === '' || reply.startsWith('HTTP/1.1 '), reply.slice(0, 100));
    }),
    { numRuns: 400 },
  );
  await alive();
});

test('clients that leave at any moment do no harm', async () => {
  const bytes = 'POST /x HTTP/1.1\r\nhost: fn.localhost\r\ncontent-length: 10\r\n\r\n0123456789';
  await Promise.all(
    Array.from(
      { length: bytes.length },
      (_, cut) =>
        new Promise<void>((resolve) => {
          const socket = connect(bed.port, '127.0.0.1', () =>
            socket.write(bytes.slice(0, cut), () => socket.resetAndDestroy()),
          );
          socket.on('close', () => resolve());
          socket.on('error', () => undefined);
        }),
    ),
  );
  await alive();
});
