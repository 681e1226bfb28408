import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { dpl, TestBed } from '../../testing/test-bed.ts';

/** The same site on two servers: one with the edge's own reader, one with node:http. */
const settings = {
  headersMs: 250,
  maxHeaderBytes: 4096,
  maxHeaders: 30,
  memoryFileBytes: 4096,
  maxBodyBytes: 100_000,
  bufferedBodyTimeoutMs: 250,
};
const [own, node] = [new TestBed(settings), new TestBed({ ...settings, http1FastPath: false })];
let malformed = 0;
const CSS = 'body{color:red}'.repeat(8);

before(async () => {
  for (const bed of [own, node]) {
    await bed.start();
    const css = { ...bed.file(CSS, { type: 'text/css', immutable: true }), gzip: bed.put(gzipSync(CSS)) };
    const files = {
      '/a.css': css,
      '/index.html': bed.file('home'),
      '/empty.txt': bed.file('', { type: 'text/plain' }),
      '/large.bin': bed.file(Buffer.alloc(200_000, 'large')),
      '/end': bed.file('THE-END'),
    };
    bed.site({ framework: { name: 'static' }, files });
    bed.route(
      'fn.localhost',
      dpl(2),
      bed.artifact({
        function: true,
        files,
        prerenders: { '/page': bed.page('the page', { tags: ['t'] }) },
        routing: {
          middlewareMatchers: [],
          beforeFiles: [],
          afterFiles: [],
          onMatch: [],
          beforeMiddleware: [{ source: '/old', sourceRegex: '^/old$', status: 308, headers: { Location: '/new' } }],
        },
      }),
    );
    const server = await bed.serve(dpl(2), (req, res) => {
      if (req.url === '/die') return void req.socket.destroy();
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const seen = JSON.stringify({
          method: req.method,
          url: req.url,
          headers: req.rawHeaders,
          body: Buffer.concat(chunks).toString('latin1'),
        });
        if (req.url?.startsWith('/gone') === true && req.method !== 'GET')
          return void res.writeHead(404, { 'x-nextjs-action-not-found': '1' }).end('no such action');
        if (req.url === '/204') return void res.writeHead(204).end();
        if (req.url === '/chunks' && req.method === 'GET') {
          res.writeHead(200, { trailer: 'x-sum' });
          res.write('one');
          res.write('two');
          res.addTrailers({ 'x-sum': '1' });
          return void res.end();
        }
        if (req.url === '/close') return void res.writeHead(200, { connection: 'close' }).end(seen);
        if (req.url === '/file')
          return void res.writeHead(200, { 'x-anchor-serve': '/a.css', 'set-cookie': ['a=1', 'b=2'] }).end();
        return void res.writeHead(200, { 'content-length': Buffer.byteLength(seen), 'x-twice': ['1', '2'] }).end(seen);
      });
    });
    server.on('clientError', (error: Error & { code?: string }, socket) => {
      // A client that disconnects in the middle of a body does not count.
      if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE') malformed++;
      socket.destroy();
    });
    for (const path of ['/a.css', '/index.html', '/end']) {
      await bed.get(path);
      await bed.get(path, { headers: { 'accept-encoding': 'gzip' } });
    }
    await bed.get('/warm', { host: 'fn.localhost' });
  }
});
after(async () => {
  await Promise.all([own.stop(), node.stop()]);
  assert.equal(malformed, 0, 'what reaches a function is a request, whatever came in');
});

type ParsedResponse = Readonly<{ head: string; body: string }>;
const QUIET_MS = 600;

/**
 * Sends the pieces one after another; resolves with all that came until the connection ended. A silence ends our side.
 */
function converse(port: number, pieces: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    let got = '';
    let timer = setTimeout(() => socket.end(), QUIET_MS);
    const cut = setTimeout(() => socket.destroy(), 8000);
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed || !socket.writable) break;
        await new Promise<void>((sent) => socket.write(piece, () => sent()));
        await new Promise((turn) => setImmediate(turn));
      }
    });
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(() => socket.end(), QUIET_MS);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      clearTimeout(cut);
      resolve(got);
    });
  });
}

const alike = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
    .replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, 'NOW')
    .replace(/\r\nDate: [^\r]*/gi, '\r\nDate: D')
    // How a function that dies is noticed is a matter of chance: while we write, or while we read.
    .replace(/\((?:EPIPE|ECONNRESET)\)/, '(GONE)')
    .replace(/^(HTTP\/1\.1 502 [^]*\r\ncontent-length: )\d+/, '$1N');

/**
 * Parses the responses in a connection's bytes, without what differs between runs: ids, dates, chunk boundaries. Bytes
 * after a response that closes the connection are ignored.
 */
function responsesIn(bytes: string): readonly ParsedResponse[] {
  let rest = bytes;
  const found: ParsedResponse[] = [];
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) {
      found.push({ head: 'BROKEN', body: rest });
      break;
    }
    const head = rest.slice(0, end);
    rest = rest.slice(end + 4);
    let body = '';
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (/\r\ntransfer-encoding: chunked/i.test(head) && !rest.startsWith('HTTP/1.1')) {
      for (;;) {
        const line = rest.indexOf('\r\n');
        const size = Number.parseInt(rest.slice(0, line), 16);
        if (line === -1 || Number.isNaN(size)) {
          body += `BROKEN ${rest}`;
          rest = '';
          break;
        }
        if (size === 0) {
          const stop = rest.indexOf('\r\n\r\n', line);
          body += `[${rest.slice(line, stop)}]`;
          rest = rest.slice(stop + 4);
          break;
        }
        body += rest.slice(line + 2, line + 2 + size);
        rest = rest.slice(line + 4 + size);
      }
    } else if (length > 0 && !head.startsWith('HTTP/1.1 304 ') && !rest.startsWith('HTTP/1.1 ')) {
      body = rest.slice(0, length);
      rest = rest.slice(length);
    }
    found.push({ head: alike(head), body: alike(body) });
    if (/\r\nconnection: close/i.test(head)) break;
  }
  return found;
}

const END = 'GET /end HTTP/1.1\r\nhost: app.localhost\r\nconnection: close\r\n\r\n';

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const offsets = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...offsets, bytes.length]
    .map((to, i) => bytes.subarray(i === 0 ? 0 : offsets[i - 1], to))
    .filter((piece) => piece.length > 0);
}

async function same(text: string, cuts: readonly number[] = []): Promise<readonly ParsedResponse[]> {
  const bytes = Buffer.from(text + END, 'latin1');
  const pieces = cutAt(bytes, cuts);
  const [ours, theirs] = await Promise.all([converse(own.port, pieces), converse(node.port, pieces)]);
  const [a, b] = [responsesIn(ours), responsesIn(theirs)];
  // The bytes are not a request, or follow "connection: close". node:http refuses them at once, and an unpredictable
  // number of queued responses is lost. The comparison checks only that both close the connection there.
  const compared = closed(a) && closed(b) && (refused(a) || refused(b)) ? Math.min(a.length, b.length) - 1 : undefined;
  assert.deepEqual(a.slice(0, compared), b.slice(0, compared), JSON.stringify({ text, cuts }));
  return a;
}

const refused = (all: readonly ParsedResponse[]): boolean => all.at(-1)?.head.startsWith('HTTP/1.1 400 ') === true;
const closed = (all: readonly ParsedResponse[]): boolean =>
  /\r\nconnection: close/i.test(all.at(-1)?.head ?? '') && all.at(-1)?.body !== 'THE-END';

const app = 'host: app.localhost\r\n';
const fn = 'host: fn.localhost\r\n';
const HIDDEN = `GET /hidden HTTP/1.1\r\n${fn}\r\n`;

test('requests that every server reads alike get the same bytes', async () => {
  for (const [request, status] of [
    [`GET /a.css HTTP/1.1\r\n${app}\r\n`, 200],
    [`HEAD /a.css HTTP/1.1\r\n${app}\r\n`, 200],
    [`GET / HTTP/1.1\r\nHost:app.localhost  \r\n\r\n`, 200],
    [`GET /a.css HTTP/1.1\r\n${app}accept-encoding: gzip\r\n\r\n`, 200],
    [`GET /a.css HTTP/1.1\r\n${app}accept-encoding: gzip\r\nAccept-Encoding: identity\r\n\r\n`, 200],
    [`GET /a.css HTTP/1.1\r\n${app}if-none-match: *\r\nif-none-match: "x"\r\n\r\n`, 200],
    [`GET /a.css HTTP/1.1\r\n${app}range: bytes=2-5\r\n\r\n`, 206],
    [`HEAD /a.css HTTP/1.1\r\n${app}range: bytes=2-5\r\n\r\n`, 200],
    [`GET /a.css HTTP/1.1\r\n${app}range: bytes=99999-\r\n\r\n`, 416],
    [`GET /a.css HTTP/1.1\r\n${app}if-none-match: *\r\n\r\n`, 304],
    [`GET /a.css HTTP/1.1\r\n${app}if-match: "no"\r\n\r\n`, 412],
    [`GET /empty.txt HTTP/1.1\r\n${app}\r\n`, 200],
    [`GET /large.bin HTTP/1.1\r\n${app}\r\n`, 200],
    [`GET /large.bin HTTP/1.1\r\n${app}range: bytes=-70000\r\n\r\n`, 206],
    [`GET /index HTTP/1.1\r\n${app}accept: text/html\r\n\r\n`, 200],
    [`GET /none HTTP/1.1\r\n${app}accept: application/json\r\n\r\n`, 404],
    [`HEAD /none HTTP/1.1\r\n${app}\r\n`, 404],
    [`GET /a//b HTTP/1.1\r\n${app}\r\n`, 308],
    [`GET / HTTP/1.1\r\nhost: nobody.localhost\r\n\r\n`, 404],
    [`GET / HTTP/1.1\r\nhost:\r\n\r\n`, 404],
    [`GET /page HTTP/1.1\r\n${fn}\r\n`, 200],
    [`GET /old HTTP/1.1\r\n${fn}\r\n`, 308],
    [
      `GET /dynamic?a=1 HTTP/1.1\r\n${fn}cookie: a=b; c=d\r\nx-forwarded-for: 6.6.6.6\r\nTE: trailers\r\nx-odd: \xe9\r\n\r\n`,
      200,
    ],
    [`HEAD /dynamic HTTP/1.1\r\n${fn}\r\n`, 200],
    [`GET /204 HTTP/1.1\r\n${fn}\r\n`, 204],
    [`GET /chunks HTTP/1.1\r\n${fn}\r\n`, 200],
    [`HEAD /chunks HTTP/1.1\r\n${fn}\r\n`, 200],
    [`GET /close HTTP/1.1\r\n${fn}\r\n`, 200],
    [`GET /file HTTP/1.1\r\n${fn}\r\n`, 200],
    [`HEAD /file HTTP/1.1\r\n${fn}\r\n`, 200],
    [`GET /a/../b HTTP/1.1\r\n${app}\r\n`, 400],
    [`GET http://app.localhost/a.css HTTP/1.1\r\nhost: x\r\n\r\n`, 200],
    [`POST /post HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
    [`GET /get HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].flatMap((method): [string, number][] => [
      [`${method} /b?x=1 HTTP/1.1\r\n${fn}content-type: text/plain\r\ncontent-length: 3\r\nx-last: 1\r\n\r\nabc`, 200],
      [`${method} /b HTTP/1.1\r\nContent-Length:\t3 \r\n${fn}\r\n\0\xff\n`, 200],
      [`${method} /b HTTP/1.1\r\n${fn}content-length: 0\r\n\r\n`, 200],
      [`${method} /b HTTP/1.1\r\n${fn}\r\n`, 200],
      [`${method} /b HTTP/1.1\r\n${fn}content-length: 60000\r\n\r\n${'z'.repeat(60_000)}`, 200],
      [`${method} /b HTTP/1.1\r\n${fn}content-length: 70000\r\n\r\n${'z'.repeat(70_000)}`, 200],
      [`${method} /b HTTP/1.1\r\n${fn}content-length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`, 200],
      [`${method} /die HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 502],
      [`${method} /204 HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 204],
      [`${method} /chunks HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
      [`${method} /close HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
      [`${method} /file HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
      [`${method} /page HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
      [`${method} /old HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 200],
      [`${method} /a.css HTTP/1.1\r\n${app}content-length: 3\r\n\r\nabc`, 405],
      [`${method} /a//b HTTP/1.1\r\n${app}content-length: 3\r\n\r\nabc`, 308],
      [`${method} / HTTP/1.1\r\nhost: nobody.localhost\r\ncontent-length: 3\r\n\r\nabc`, 404],
      [`${method} /b HTTP/1.1\r\n${fn}accept: application/json\r\ncontent-length: 200000\r\n\r\n`, 413],
    ]),
    [`POST /gone?a=1 HTTP/1.1\r\n${fn}content-length: 3\r\n\r\nabc`, 303],
    [`POST /gone HTTP/1.1\r\n${fn}next-action: x\r\nx-deployment-id: dpl_old\r\ncontent-length: 3\r\n\r\nabc`, 200],
    [`POST /gone HTTP/1.1\r\n${fn}next-action: x\r\ncontent-length: 3\r\n\r\nabc`, 404],
    [`GET /a.css HTTP/1.0\r\nconnection: keep-alive\r\n${app}\r\n`, 200],
  ] as const) {
    const found = await same(request);
    assert.match(found[0]?.head ?? '', new RegExp(`^HTTP/1\\.1 ${status} `), request);
    if (status !== 400 && status !== 413 && !request.includes('HTTP/1.0'))
      assert.equal(found.at(-1)?.body, 'THE-END', `${request}: the connection is good for another request`);
  }
});

test('forms that smuggle a request get the same response from both, and nothing of them gets through', async () => {
  const hidden = `GET /hidden HTTP/1.1\r\n${fn}\r\n`;
  for (const head of [
    `transfer-encoding: chunked\r\n`,
    `Transfer-Encoding:\tCHUNKED \r\n`,
    `content-length: 0\r\n`,
    `content-length: 5\r\n`,
    `content-length: 5\r\ntransfer-encoding: chunked\r\n`,
    `transfer-encoding: chunked\r\ncontent-length: 5\r\n`,
    `content-length: 5\r\ncontent-length: 6\r\n`,
    `content-length: 5, 5\r\n`,
    `content-length: +5\r\n`,
    `content-length: 0x5\r\n`,
    `content-length: 99999999999999999999999\r\n`,
    `content-length:\r\n`,
    `transfer-encoding: xchunked\r\n`,
    `transfer-encoding: chunked, identity\r\n`,
    `transfer-encoding : chunked\r\n`,
    `transfer-encoding:\x0bchunked\r\n`,
    `transfer-encoding: chunked\n`,
    ` transfer-encoding: chunked\r\n`,
    `x: a\r\n folded\r\n`,
    `x: a\r\n\tfolded: b\r\n`,
    `x : a\r\n`,
    `x: a\x00b\r\n`,
    `x: a\rb\r\n`,
    `x: a\nb: c\r\n`,
    `: novalue\r\n`,
    `x\r\n`,
    `bad name: x\r\n`,
    `x: \x7f\r\n`,
    `${fn}`,
    `host: app.localhost\r\n`,
    `expect: 100-continue\r\n`,
    `upgrade: h2c\r\nconnection: upgrade\r\n`,
    `connection: close\r\n`,
    `connection: keep-alive, x-drop\r\nx-drop: 1\r\n`,
    `proxy-connection: close\r\n`,
    `cookie: a=1\r\ncookie: b=2\r\n`,
    `x-a: 1\r\nx-a: 2\r\n`,
    `user-agent: a\r\nuser-agent: b\r\n`,
    `${'x-y: z\r\n'.repeat(40)}`,
    `x: ${'a'.repeat(5000)}\r\n`,
    `__proto__: x\r\nconstructor: y\r\n`,
    `set-cookie: a\r\n`,
    `trailer: x\r\n`,
    `keep-alive: timeout=1, max=2\r\n`,
  ]) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])
      await same(`${method} /m HTTP/1.1\r\n${fn}${head}\r\n0\r\n\r\n${hidden}`);
  }
  for (const line of [
    'GET /a.css HTTP/1.1\n',
    'GET  /a.css HTTP/1.1\r\n',
    'GET /a.css  HTTP/1.1\r\n',
    'GET /a.css HTTP/1.1 \r\n',
    'GET /a.css HTTP/1.2\r\n',
    'GET /a.css HTTP/2.0\r\n',
    'GET /a.css\r\n',
    'get /a.css HTTP/1.1\r\n',
    'GET /a\x00 HTTP/1.1\r\n',
    'GET /\xe9 HTTP/1.1\r\n',
    'GET /a#b HTTP/1.1\r\n',
    'GET * HTTP/1.1\r\n',
    '\r\nGET /a.css HTTP/1.1\r\n',
    '\r\n\r\n\r\nGET /a.css HTTP/1.1\r\n',
    ' GET /a.css HTTP/1.1\r\n',
    'GET /a"b HTTP/1.1\r\n',
    'GET /a\tb HTTP/1.1\r\n',
    'GET //a.css HTTP/1.1\r\n',
    'GET /a\\b HTTP/1.1\r\n',
    'HEAD /a.css HTTP/1.1\r\n',
    'TRACE /a HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n',
    `GET /${'a'.repeat(3900)} HTTP/1.1\r\n`,
    `GET /${'a'.repeat(9000)} HTTP/1.1\r\n`,
  ]) {
    await same(`${line}${app}\r\n`);
  }
});

const target = fc.constantFrom(
  '/a.css',
  '/index.html',
  '/',
  '/empty.txt',
  '/none',
  '/a//b',
  '/a/../b',
  '/%61.css',
  '/%zz',
  '/page',
  '/old',
  '/204',
  '/chunks',
  '/file',
  '/x?y=1',
  '/a.css?_rsc=1',
  'http://app.localhost/a.css',
  '*',
  '/a b',
  '/\x01',
);
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'accept: text/html',
      'accept-encoding: gzip',
      'accept-encoding: br;q=0, gzip;q=0.5',
      'range: bytes=1-3',
      'range: bytes=9999999-',
      'range: bytes=0-1,4-5',
      'if-none-match: *',
      'if-none-match: "x"',
      'if-range: "x"',
      'if-match: *',
      'rsc: 1',
      'cookie: a=b',
      'user-agent: fuzz',
      'connection: keep-alive',
      'x-empty:',
      'TE: trailers',
      'x-anchor-serve: /a.css',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'connection: close',
      'content-length: 0',
      'content-length: 3',
      'transfer-encoding: chunked',
      'connection: upgrade',
      'upgrade: websocket',
      'expect: 100-continue',
      'x: a\r\n b',
      'x : y',
      'x: a\0',
      'nocolon',
      'host: app.localhost',
      'x: \xff',
      'connection: foo, close',
    ),
  },
);
const request = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'HEAD', 'POST', 'OPTIONS'),
    target,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.1', '1.1', '1.1', '1.0'),
    host: fc.constantFrom(app, app, fn, ''),
    lines: fc.array(line, { maxLength: 4 }),
    body: fc.constantFrom('', '', '', 'abc', '3\r\nabc\r\n0\r\n\r\n'),
  })
  .map(
    ({ method, target: url, version, host, lines, body }) =>
      `${method} ${url} HTTP/${version}\r\n${host}${lines.map((text) => `${text}\r\n`).join('')}\r\n${method === 'POST' ? body : ''}`,
  );

test('streams of requests, cut anywhere, get the same responses as from node:http', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(400), { maxLength: 6 }),
      async (requests, cuts) => void (await same(requests.join(''), cuts)),
    ),
    { numRuns: 250, seed: 20261121 },
  );
});

/** Requests with bodies: with a correct length, a wrong length, or an invalid declaration. */
const withBody = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'GET'),
    url: fc.constantFrom('/b', '/b', '/b?q', '/die', '/204', '/chunks', '/close', '/file', '/page', '/gone', '/a//b'),
    host: fc.constantFrom(fn, fn, fn, app),
    // In a sequence of requests node:http itself sometimes writes "100 Continue" after the head of the response.
    lines: fc.array(
      line.filter((text) => !text.startsWith('expect')),
      { maxLength: 2 },
    ),
    body: fc.oneof(
      fc.constantFrom(
        '',
        'abc',
        '0\r\n\r\n',
        '3\r\nabc\r\n0\r\n\r\n',
        HIDDEN,
        `POST /hidden HTTP/1.1\r\n${fn}content-length: 50\r\n\r\n`,
        'x'.repeat(3000),
        `\r\n${HIDDEN}`,
      ),
      fc.string({ unit: 'binary', maxLength: 40 }),
    ),
    declared: fc.oneof(
      { weight: 8, arbitrary: fc.constant((length: number) => `content-length: ${length}\r\n`) },
      {
        weight: 4,
        arbitrary: fc.constantFrom<((length: number) => string)[]>(
          () => '',
          (length) => `content-length: ${Math.max(0, length - 2)}\r\n`,
          (length) => `content-length: ${length + 7}\r\n`,
          (length) => `content-length: ${length}\r\ncontent-length: ${length}\r\n`,
          (length) => `content-length: ${length}\r\nContent-Length: 0\r\n`,
          (length) => `content-length: ${length}, ${length}\r\n`,
          (length) => `content-length: 0${length}\r\n`,
          (length) => `content-length: +${length}\r\n`,
          (length) => `content-length: 0x${length}\r\n`,
          (length) => `content-length: -${length}\r\n`,
          (length) => `content-length : ${length}\r\n`,
          (length) => `content-length:\t${length}\t\r\n`,
          (length) => `content-length: ${length} ${length}\r\n`,
          (length) => `content-length: ${length}\r\ntransfer-encoding: chunked\r\n`,
          (length) => `transfer-encoding: identity\r\ncontent-length: ${length}\r\n`,
          () => 'transfer-encoding: chunked\r\n',
          (length) => `content_length: 1\r\ncontent-length: ${length}\r\n`,
          () => 'content-length:\r\n',
        ),
      },
    ),
  })
  .map(
    ({ method, url, host, lines, body, declared }) =>
      `${method} ${url} HTTP/1.1\r\n${host}${declared(body.length)}${lines.map((text) => `${text}\r\n`).join('')}\r\n${body}`,
  );

test(
  'streams of requests with bodies, cut anywhere, get the same responses as from node:http',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 3, arbitrary: withBody }, { weight: 1, arbitrary: request }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.array(fc.nat(600), { maxLength: 6 }),
        async (requests, cuts) => void (await same(requests.join(''), cuts)),
      ),
      { numRuns: 300, seed: 20261121 },
    );
  },
);

test('streams with bytes inserted, removed or changed get the same responses as from node:http', async () => {
  const edit = fc.record({
    at: fc.nat(300),
    take: fc.nat(3),
    put: fc.oneof(
      fc.constantFrom('', '\r', '\n', '\r\n', ':', ' ', '\t', '\0', '\x7f', '\x80', 'HTTP', '\r\n\r\n'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(request, withBody), { minLength: 1, maxLength: 3 }),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(300), { maxLength: 3 }),
      async (requests, edits, cuts) => {
        let text = requests.join('');
        for (const { at, take, put } of edits) text = text.slice(0, at) + put + text.slice(at + take);
        await same(text, cuts);
      },
    ),
    { numRuns: 250, seed: 20261121 },
  );
});
