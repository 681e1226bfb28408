import assert from 'node:assert/strict';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';

/** A function that sends what a test says, requested through the edge's own client and through node:http's. */
type Script = Readonly<{ pieces: readonly Buffer[]; end: boolean }>;
const settings = { timeoutMs: 400, idleMs: 400, headersMs: 2000 };
const [own, node] = [new TestBed(settings), new TestBed({ ...settings, http1FastPath: false })];
const scripts = new Map<string, Script>();
const servers: Server[] = [];
let count = 0;

before(async () => {
  for (const bed of [own, node]) {
    await bed.start();
    const path = join(bed.directory, 'hostile.sock');
    const server = createServer((socket) => {
      let got = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        got += chunk.toString('latin1');
        const requests = /^GET (\S+) [^]*\r\n\r\n$/.exec(got)?.[1];
        if (requests === undefined) return;
        got = '';
        const script = scripts.get(requests);
        if (script === undefined) return void socket.end('HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n');
        const next = (i: number): void => {
          const piece = script.pieces[i];
          if (piece !== undefined && !socket.destroyed) socket.write(piece, () => setImmediate(next, i + 1));
          else if (script.end) socket.end();
        };
        next(0);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    bed.route(
      'fn.localhost',
      dpl(1),
      bed.artifact({ function: true, files: { '/end': bed.file('THE-END'), '/file.txt': bed.file('a file') } }),
    );
    bed.functions.name(dpl(1), { kind: 'unix', path, instance: 'hostile' });
    await bed.get('/end', { host: 'fn.localhost' });
  }
});
after(async () => {
  for (const server of servers) server.close();
  await Promise.all([own.stop(), node.stop()]);
});

type Observed = Readonly<{ status: number; head: string; body: string; after: 'good' | 'ended' }>;

/**
 * One request for the script, and one for a file on the same connection. Whatever the first brings, the second must get
 * its own response, or the connection must be closed.
 */
async function send(bed: TestBed, script: Script): Promise<Observed> {
  const path = `/s${count++}`;
  scripts.set(path, script);
  const bytes = await bed.raw(
    `GET ${path} HTTP/1.1\r\nhost: fn.localhost\r\n\r\nGET /end HTTP/1.1\r\nhost: fn.localhost\r\nconnection: close\r\n\r\n`,
    { ms: 8000 },
  );
  scripts.delete(path);
  let rest = bytes;
  let head = '';
  do {
    const end = rest.indexOf('\r\n\r\n');
    assert.ok(end !== -1 || rest === '', `no head: ${JSON.stringify(rest.slice(0, 200))}`);
    head = rest.slice(0, end);
    rest = rest.slice(end + 4);
  } while (/^HTTP\/1\.1 1\d\d /.test(head));
  if (head === '') return { status: 0, head, body: '', after: 'ended' };
  assert.match(head, /^HTTP\/1\.1 \d{3} /);
  const status = Number(head.slice(9, 12));
  let body = '';
  if (status !== 204 && status !== 304) {
    if (/\r\ntransfer-encoding: chunked/i.test(head)) {
      for (;;) {
        const line = /^([0-9a-f]+)\r\n/i.exec(rest);
        if (line === null) return { status, head, body, after: ended(rest, /^[0-9a-f]*\r?$/i) };
        const size = Number.parseInt(line[1] ?? '', 16);
        rest = rest.slice(line[0].length);
        if (size === 0) {
          const trailers = /^(?:[^\r\n:]+:[^\r\n]*\r\n)*\r\n/.exec(rest);
          assert.ok(trailers !== null, JSON.stringify(rest.slice(0, 100)));
          rest = rest.slice(trailers[0].length);
          break;
        }
        body += rest.slice(0, size);
        if (rest.length < size + 2) return { status, head, body, after: 'ended' };
        assert.equal(rest.slice(size, size + 2), '\r\n');
        rest = rest.slice(size + 2);
      }
    } else {
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      body = rest.slice(0, length);
      if (rest.length < length) return { status, head, body, after: 'ended' };
      rest = rest.slice(length);
    }
  }
  if (rest === '') return { status, head, body, after: 'ended' };
  assert.match(rest, /^HTTP\/1\.1 200 OK\r\n[^]*x-anchor-cache: STATIC[^]*\r\n\r\nTHE-END$/, JSON.stringify(bytes));
  return { status, head, body, after: 'good' };
}

function ended(rest: string, allowed: RegExp): 'ended' {
  assert.match(rest, allowed, 'a broken response closes the connection');
  return 'ended';
}

/** Returns whether bytes follow the end of the response at the start of `text`. */
function hasMore(text: string): boolean {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (/^HTTP\/1\.1 (?:204|304) /.test(text)) return body !== '';
  if (text.includes('transfer-encoding: chunked'))
    return (/(?:^|\r\n)0(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n(.?)/s.exec(body)?.[1] ?? '') !== '';
  return body.length > Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Infinity);
}

const script = (text: string, end = true): Script => ({ pieces: [Buffer.from(text, 'latin1')], end });
const alike = (head: string): string =>
  head.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/\r\nDate: [^\r]*/gi, '');

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

test('whatever a function sends, cut anywhere: what is passed on is what node:http passes on, and no connection is put out of step', async () => {
  const field = fc.constantFrom(
    'content-length: 5',
    'content-length: 0',
    'content-length: 7',
    'Content-Length: 05',
    'content-length: x',
    'transfer-encoding: chunked',
    'transfer-encoding: gzip',
    'connection: close',
    'connection: keep-alive, x-a',
    'keep-alive: timeout=5',
    'x-a: 1',
    'x-a: 2',
    'set-cookie: a=1',
    'x-anchor-serve: /file.txt',
    'x-anchor-evil: 1',
    'trailer: x-t',
    'date: now',
    'x-empty:',
    'x: a\r\n b',
    'x : y',
    'nocolon',
    'x-nextjs-cache: HIT',
  );
  const body = fc.constantFrom(
    'hello',
    '',
    '5\r\nhello\r\n0\r\n\r\n',
    '5;a\r\nhello\r\n0\r\nx-t: 1\r\n\r\n',
    '5\r\nhel',
    '0\r\n\r\n',
    'z\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    'helloHTTP/1.1 200 OK\r\n\r\n',
    '\r\n',
    '\n',
    '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  );
  const line = fc.constantFrom(
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 404 Not Found',
    'HTTP/1.1 204 No',
    'HTTP/1.1 304 N',
    'HTTP/1.0 200 OK',
    'HTTP/1.1 200',
    'HTTP/1.1 999 Odd',
    'HTTP/1.1 20 X',
    'HTTP/1.1  200 OK',
    'XTTP/1.1 200 OK',
  );
  const response = fc
    .record({ line, fields: fc.array(field, { maxLength: 4 }), body, more: body })
    .map(
      ({ line: first, fields, body: content, more }) =>
        `${first}\r\n${fields.map((text) => `${text}\r\n`).join('')}\r\n${content}${more}`,
    );
  await fc.assert(
    fc.asyncProperty(response, fc.array(fc.nat(200), { maxLength: 4 }), async (text, cuts) => {
      const bytes = Buffer.from(text, 'latin1');
      const offsets = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
        (a, b) => a - b,
      );
      const pieces = offsets
        .map((to, i) => bytes.subarray(offsets[i - 1] ?? 0, to))
        .filter((piece) => piece.length > 0);
      const [ours, theirs] = await Promise.all([send(own, { pieces, end: true }), send(node, { pieces, end: true })]);
      // Stricter than node:http we may be, more generous never.
      if (ours.status === 502 || ours.after === 'ended') return;
      // Bytes after the end: node:http's client discards the response, ours discards only the connection.
      if (theirs.after === 'ended' && hasMore(text)) return;
      assert.deepEqual(
        { head: alike(ours.head), body: ours.body },
        { head: alike(theirs.head), body: theirs.body },
        JSON.stringify({ text, cuts }),
      );
    }),
    { numRuns: 400, seed: 20261121 },
  );
});

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
