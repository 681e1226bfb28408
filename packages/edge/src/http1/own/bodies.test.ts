import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from '../../util/settings.ts';
import { eventually } from '../../testing/test-bed.ts';
import type { Head } from './request-head.ts';
import type { OwnReply } from './own-exchange.ts';
import { ServedNames } from '../../certificates/served-names.ts';
import { Listener } from '../../server/listener.ts';

const NO_MEMO = { lookup: () => undefined, recordHit: () => undefined, nextEpoch: () => undefined };

/**
 * The edge's own reader alone: `received` is what it read, `toNode` what went to node:http, and node:http's own view of
 * it.
 */
async function setup(t: TestContext, settings: Partial<EdgeSettings> = {}) {
  const received: string[] = [];
  const toNode: string[] = [];
  let connections = 0;
  const http = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      toNode.push(`${req.method} ${req.url} ${Buffer.concat(chunks).toString('latin1')}`);
      res.end('node');
    });
  });
  http.on('connection', () => connections++);
  const open: (() => void)[] = [];
  const response = (head: Head, reply: OwnReply): void => {
    received.push(`${head.method} ${head.url} ${head.body?.bytes.toString('latin1') ?? ''}`);
    const end = (): void => {
      reply.writeHead(200, ['content-length', '4']);
      reply.end('own\n', 'latin1');
    };
    if (head.url === '/hold') open.push(end);
    else end();
  };
  const wire = new Listener({
    settings: { ...DEFAULT_EDGE_SETTINGS, headersMs: 400, ...settings },
    http,
    handle: response,
    handleStreamed: () => assert.fail(),
    reject: () => assert.fail(),
    clientAddress: () => ({ ip: '', trusted: false }),
    names: new ServedNames(undefined, 1),
    memo: NO_MEMO,
    secureMemo: NO_MEMO,
  });
  await new Promise<void>((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    wire.server.close();
    wire.closeAll();
    http.closeAllConnections();
    http.emit('close');
  });
  const address = wire.server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const dial = (): Socket =>
    connect({ port: address.port, host: '127.0.0.1', noDelay: true }).on('error', () => undefined);
  const talk = async (...pieces: readonly string[]): Promise<string> => {
    const socket = dial();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
    });
    for (const piece of pieces) {
      await new Promise<void>((sent) => socket.write(piece, 'latin1', () => setImmediate(sent)));
    }
    await once(socket, 'close');
    return got;
  };
  return { received, toNode, connections: () => connections, dial, talk, open };
}

const HOST = 'host: app.localhost\r\n';
const form = (method: string, url: string, body: string, more = ''): string =>
  `${method} ${url} HTTP/1.1\r\n${HOST}content-length: ${body.length}\r\n${more}\r\n${body}`;
const LAST = `GET /last HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`;

test('requests with small bodies are read whole, in any pieces, on a connection that stays with the edge', async (t) => {
  const { received, connections, talk } = await setup(t);
  const large = 'l'.repeat(64 * 1024);
  const odd = 'GET /not-a-request HTTP/1.1\r\nhost: x\r\n\r\n\0\xff';
  const text =
    form('POST', '/a', 'one') +
    form('PUT', '/b', odd) +
    `GET /c HTTP/1.1\r\n${HOST}\r\n` +
    form('PATCH', '/d', large) +
    form('DELETE', '/e', '') +
    `DELETE /f HTTP/1.1\r\n${HOST}\r\nOPTIONS /g HTTP/1.1\r\n${HOST}\r\n` +
    form('POST', '/h', '') +
    LAST;
  const expected = [
    'POST /a one',
    `PUT /b ${odd}`,
    'GET /c ',
    `PATCH /d ${large}`,
    'DELETE /e ',
    'DELETE /f ',
    'OPTIONS /g ',
    'POST /h ',
    'GET /last ',
  ];
  for (const pieces of [[text], text.match(/[^]{1,1000}/g) ?? [], text.match(/[^]{1,97}/g) ?? []]) {
    received.length = 0;
    assert.equal((await talk(...pieces)).match(/own\n/g)?.length, expected.length);
    assert.deepEqual(received, expected);
  }
  received.length = 0;
  const [head = '', ...body] = form('PUT', '/b', odd, 'connection: close\r\n')
    .split(/(?<=close\r\n\r\n)/)
    .flatMap((part, i) => (i === 0 ? [part] : [...part]));
  assert.equal((await talk(form('POST', '/a', '\r\n\r\n') + head, ...body)).match(/own\n/g)?.length, 2, 'byte by byte');
  assert.deepEqual(received, ['POST /a \r\n\r\n', `PUT /b ${odd}`]);
  assert.equal(connections(), 0);
});

test('a body without a plain length, or a larger one, goes to node:http', async (t) => {
  const { received, toNode, connections, talk } = await setup(t);
  let count = 0;
  const large = 'l'.repeat(64 * 1024 + 1);
  for (const [request, seen] of [
    [`POST /n HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, 'POST /n abc'],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: 3\r\nexpect: 100-continue\r\n\r\nabc`, 'POST /n abc'],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: 03\r\n\r\nabc`, 'POST /n abc'],
    [`GET /n HTTP/1.1\r\n${HOST}content-length: 3\r\n\r\nabc`, 'GET /n abc'],
    [`HEAD /n HTTP/1.1\r\n${HOST}content-length: 0\r\n\r\n`, 'HEAD /n '],
    [`POST /n HTTP/1.1\r\n${HOST}\r\n`, 'POST /n '],
    [form('POST', '/n', large), `POST /n ${large}`],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: 3\r\ncontent-length: 3\r\n\r\nabc`, undefined],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: 3, 3\r\n\r\nabc`, undefined],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, undefined],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: +3\r\n\r\nabc`, undefined],
    [`POST /n HTTP/1.1\r\n${HOST}content-length: 0x3\r\n\r\nabc`, undefined],
  ] as const) {
    toNode.length = 0;
    await talk(form('POST', '/first', 'x') + request + LAST);
    assert.equal(connections(), ++count, request.slice(0, 100));
    assert.deepEqual(toNode, seen === undefined ? [] : [seen, 'GET /last '], request.slice(0, 100));
  }
  assert.deepEqual(new Set(received), new Set(['POST /first x']));
  toNode.length = 0;
  await talk(form('POST', '/n', 'abc', 'connection: close\r\n') + LAST);
  assert.equal(connections(), ++count, 'more than was announced');
});

test('a slow body goes to node:http with the bytes that were received, and the request succeeds', async (t) => {
  const { received, toNode, connections, dial } = await setup(t, { bufferedBodyTimeoutMs: 100 });
  const socket = dial();
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  socket.write(form('POST', '/fast', 'fast'));
  await eventually(() => got.endsWith('own\n'));
  const slow = form('POST', '/slow', 'slowly');
  socket.write(slow.slice(0, -4));
  await eventually(() => connections() === 1);
  socket.write(slow.slice(-4));
  await eventually(() => got.endsWith('node'));
  assert.deepEqual([received, toNode], [['POST /fast fast'], ['POST /slow slowly']]);
  socket.destroy();
});

test('pending bodies use no more memory than their shared limit; requests beyond it go to node:http', async (t) => {
  const { received, toNode, connections, dial, open, talk } = await setup(t, { bufferedBodiesBytes: 100 });
  const last = 'connection: close\r\n';
  const held = dial().resume();
  held.write(form('POST', '/hold', 'h'.repeat(60), last));
  await eventually(() => open.length === 1);
  await talk(form('POST', '/too-much', 't'.repeat(60), last));
  assert.deepEqual([toNode.length, connections()], [1, 1], 'also while a response is pending');
  await talk(form('POST', '/fits', 'f'.repeat(40), last));
  open[0]?.();
  await once(held, 'close');
  const left = dial();
  await new Promise<void>((sent) => left.write(form('POST', '/never', 'n'.repeat(90)).slice(0, -1), () => sent()));
  left.resetAndDestroy();
  // Their memory is released in every case: responded, aborted, or passed to node:http.
  const until = Date.now() + 5_000;
  while (!received.some((text) => text.startsWith('POST /all')) && Date.now() < until)
    await talk(form('POST', '/all', 'a'.repeat(100), last));
  assert.deepEqual(
    received.map((text) => text.split(' ')[1]),
    ['/hold', '/fits', '/all'],
  );
});

test('a body shorter than its declared length reaches no function', async (t) => {
  const { received, toNode, dial } = await setup(t);
  const socket = dial();
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  socket.end(form('POST', '/short', 'whole').slice(0, -1));
  await once(socket, 'close');
  assert.match(got, /^HTTP\/1\.1 400 /);
  assert.deepEqual([received, toNode], [[], []]);
});
