import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';
import { own, send, script } from './fixtures/scripted-function.ts';

test('a valid response is passed on whole, and its connection serves the next request', async () => {
  for (const [text, body] of [
    ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello', 'hello'],
    ['HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello', 'hello'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'hello'],
    [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n005;ext=1\r\nhello\r\n6 \r\n world\r\n0;x\r\nx-t: 1\r\nx-anchor-secret: 2\r\n\r\n',
      'hello world',
    ],
    ['HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', ''],
    ['HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', 'ok'],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', 'ok'],
    ['HTTP/1.1 200 OK\r\nx-anchor-serve: /file.txt\r\ncontent-length: 0\r\n\r\n', 'a file'],
    [
      'HTTP/1.1 200 OK\r\nx-anchor-serve: /file.txt\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'a file',
    ],
    ['HTTP/1.1 200 OK\r\n\r\nuntil the end', 'until the end'],
    ['HTTP/1.0 200 OK\r\n\r\nuntil the end', 'until the end'],
  ] as const) {
    const untilEnd = body === 'until the end';
    const whole = await send(own, script(text, untilEnd));
    assert.equal(whole.body, body, text);
    assert.equal(whole.after, 'good', text);
    const bytes = Buffer.from(text, 'latin1');
    const dribbled = await send(own, { pieces: Array.from(bytes, (byte) => Buffer.of(byte)), end: untilEnd });
    assert.equal(dribbled.body, body, `${text}, byte by byte`);
    assert.equal(dribbled.after, 'good', text);
  }
});

test('a response whose end is ambiguous is refused', async () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx: a\0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx : a\r\n\r\n',
    'HTTP/1.1 200 OK\ncontent-length: 0\n\n',
    'HTTP/1.1 99 Low\r\n\r\n',
    'HTTP/1.1 200 O\rK\r\ncontent-length: 0\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 101 Switching\r\nupgrade: websocket\r\n\r\n',
    'SSH-2.0\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(140_000)}\r\n\r\n`,
    'HTTP/1.1 103 Hint\r\n\r\n'.repeat(50),
    '',
  ]) {
    const observed = await send(own, script(text));
    assert.equal(observed.status, 502, JSON.stringify(text.slice(0, 100)));
    assert.equal(observed.after, 'good', "the edge's own response keeps the connection");
  }
  assert.equal((await send(own, script('HTTP/1.1 200 OK\r\nx: a', false))).status, 504, 'a head that never ends');
});

test("a response that is aborted, or has invalid chunks, closes the client's connection", async () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\nhello\n0\n\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\nhello',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n',
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;${'x'.repeat(9000)}`,
  ]) {
    for (const end of [true, false])
      assert.equal((await send(own, script(text, end))).after, 'ended', text.slice(0, 120));
  }
});

test('bytes after a response are never taken for the next one', async () => {
  const evil = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-evil: 1\r\n\r\nEVIL';
  for (const text of [
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    'HTTP/1.1 204 No\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'HTTP/1.1 304 Not\r\ncontent-length: 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx-anchor-serve: /file.txt\r\ncontent-length: 0\r\n\r\n',
  ]) {
    for (const end of [true, false]) {
      await send(own, script(text + evil, end));
      await send(own, { pieces: [Buffer.from(text), Buffer.from(evil)], end });
      const next = await send(own, script('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nmine', false));
      assert.equal(next.body, 'mine');
      assert.ok(!next.head.includes('x-evil'));
    }
  }
});

test('a function that dies while it reads no body does not hold up the next request of the connection', async () => {
  const bed = await new TestBed().start();
  try {
    bed.site({ function: true });
    await bed.serve(dpl(1), (req, res) => {
      if (req.method === 'POST') setTimeout(() => res.destroy(), 100);
      else res.end('next');
    });
    const head = 'POST / HTTP/1.1\r\nhost: app.localhost\r\ncontent-length: 5000000\r\n\r\n';
    const next = 'GET / HTTP/1.1\r\nhost: app.localhost\r\n\r\n';
    const sent = Buffer.concat([Buffer.from(head), Buffer.alloc(5_000_000), Buffer.from(next)]);
    const replies = await bed.raw(sent, { until: /next$/ });
    assert.match(replies, /^HTTP\/1\.1 502 [^]*HTTP\/1\.1 200 [^]*next$/);
  } finally {
    await bed.stop();
  }
});

test('a body in place of which a file is served keeps no connection to the function when it does not end', async () => {
  for (const http1FastPath of [true, false]) {
    const bed = await new TestBed({ http1FastPath }).start();
    try {
      bed.site({ function: true, files: { '/file.txt': bed.file('a file') } });
      let closed = 0;
      await bed.serve(dpl(1), (_, res) => {
        res.on('close', () => closed++);
        res.setHeader('x-anchor-serve', '/file.txt');
        res.write('a body');
      });
      assert.equal((await bed.get('/')).text, 'a file');
      await eventually(() => closed === 1);
    } finally {
      await bed.stop();
    }
  }
});
