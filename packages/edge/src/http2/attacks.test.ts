import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FrameClient, GET, headerBlock, POST, settings, uint32 } from '../testing/frame-client.ts';
import { eventually, TestBed } from '../testing/test-bed.ts';
import { MAX_STREAMS } from './limits.ts';
import { ERROR, FLAG, FRAME, SETTING } from './frames.ts';

const bed = new TestBed({ http2PriorKnowledge: true, idleMs: 600, startMs: 100, headersMs: 400 });
bed.site({ files: { '/': bed.file('home'), '/big': bed.file(Buffer.alloc(4_000_000, 'x')) } });
const silent = await bed.deployment(() => undefined);
await bed.start();
after(() => bed.stop());

const BIG = [...GET.slice(0, 2), [':path', '/big'], ...GET.slice(3)] as typeof GET;
const SILENT = [...GET.slice(0, 3), [':authority', silent.host]] as typeof GET;

/** Sends frames until the edge closes the connection. Returns how many it took. */
async function flood(client: FrameClient, send: (i: number) => void, most = 20_000): Promise<number> {
  await client.settled();
  for (let i = 0; i < most; i++) {
    if (client.closed || client.frames.some(({ type }) => type === FRAME.goAway)) return i;
    send(i);
    if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
  }
  return most;
}

const assertCalmed = async (client: FrameClient): Promise<void> => {
  assert.equal(await client.goAway(), ERROR.enhanceYourCalm);
  await client.until(() => client.closed || undefined);
};

test('rapid reset: a client that cancels all its requests is disconnected', async () => {
  const client = new FrameClient(bed.port);
  const requests = await flood(client, (i) => {
    client.request(i * 2 + 1, SILENT);
    client.send(FRAME.rstStream, 0, i * 2 + 1, uint32(ERROR.cancel));
  });
  assert.ok(requests < 1_000, `${requests} requests`);
  await assertCalmed(client);
});

test('MadeYouReset: a client that has all its streams reset for mistakes is disconnected', async () => {
  const client = new FrameClient(bed.port);
  const requests = await flood(client, (i) => {
    client.request(i * 2 + 1, SILENT);
    client.send(FRAME.windowUpdate, 0, i * 2 + 1, uint32(0));
  });
  assert.ok(requests < 1_000, `${requests} requests`);
  await assertCalmed(client);
});

test('header blocks without an end, in many pieces or in empty ones, are not collected', async () => {
  for (const size of [0, 1, 16_000]) {
    const client = new FrameClient(bed.port);
    await client.settled();
    client.send(FRAME.headers, FLAG.endStream, 1, headerBlock(GET));
    await flood2(client, () => client.send(FRAME.continuation, 0, 1, Buffer.alloc(size, 0x82)));
    await assertCalmed(client);
  }
});

/** Like `flood`, within a header block, where no ping may be sent. */
async function flood2(client: FrameClient, send: () => void): Promise<void> {
  for (let i = 0; i < 500 && !client.closed; i++) {
    send();
    if (i % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a header block that is not complete in time closes the connection', async () => {
  const client = new FrameClient(bed.port);
  await client.settled();
  client.send(FRAME.headers, FLAG.endStream, 1, headerBlock(GET));
  await assertCalmed(client);
});

test('an HPACK bomb is a small request with headers that are too large', async () => {
  const client = new FrameClient(bed.port);
  await client.settled();
  // One large field in the table, repeated 15,000 times by its index.
  const define = Buffer.concat([Buffer.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e), Buffer.alloc(4000, 0x78)]);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 20; i++) {
    const block = Buffer.concat([headerBlock(GET), i === 0 ? define : Buffer.alloc(0), Buffer.alloc(12_000, 0xbe)]);
    client.send(FRAME.headers, FLAG.endHeaders | FLAG.endStream, i * 2 + 1, block);
    assert.equal(await client.status(i * 2 + 1), '431');
  }
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  client.request(101);
  assert.equal(await client.body(101), 'home');
  client.end();
});

test('a table that is larger than allowed is a compression error', async () => {
  const client = new FrameClient(bed.port);
  client.send(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, Buffer.of(0x3f, 0xe2, 0x1f));
  assert.equal(await client.goAway(), ERROR.compression);
});

for (const [name, send] of [
  ['settings', (client) => client.send(FRAME.settings, 0, 0, settings([SETTING.initialWindowSize, 1_000]))],
  ['pings', (client) => client.send(FRAME.ping, 0, 0, Buffer.alloc(8))],
  ['priorities', (client, i) => client.send(FRAME.priority, 0, i * 2 + 1, Buffer.alloc(5))],
  ['unknown frames', (client) => client.send(0xbe, 0, 0, Buffer.alloc(100))],
  ['window updates', (client) => client.send(FRAME.windowUpdate, 0, 0, uint32(1))],
] as readonly (readonly [string, (client: FrameClient, i: number) => void])[])
  test(`a flood of ${name} is cut off`, async () => {
    const client = new FrameClient(bed.port);
    assert.ok((await flood(client, (i) => send(client, i))) < 10_000);
    await assertCalmed(client);
  });

test('a flood of empty DATA frames is cut off', async () => {
  const client = new FrameClient(bed.port);
  client.request(1, [...POST.slice(0, 3), [':authority', silent.host]], 0);
  assert.ok((await flood(client, () => client.send(FRAME.data, 0, 1))) < 10_000);
  await assertCalmed(client);
});

test('a client that reads nothing holds little memory, and not for ever', async () => {
  const client = new FrameClient(bed.port, settings([SETTING.initialWindowSize, 0x7fff_ffff]));
  client.send(FRAME.windowUpdate, 0, 0, uint32(0x7fff_0000));
  await client.settled();
  client.socket.pause();
  const before = process.memoryUsage().rss;
  const logged = bed.log.length;
  for (let i = 0; i < 100; i++) client.request(i * 2 + 1, BIG);
  await eventually(() => bed.log.length === logged + 100);
  assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
  client.end();
});

test('a window that never opens, or byte by byte, does not hold a response for ever', async () => {
  for (const step of [0, 1]) {
    const client = new FrameClient(bed.port, settings([SETTING.initialWindowSize, 0]));
    client.request(1, BIG);
    assert.equal(await client.status(1), '200');
    const timer = setInterval(() => client.send(FRAME.windowUpdate, 0, 1, uint32(step)), 20);
    if (step === 0) clearInterval(timer);
    assert.equal(await client.reset(1), ERROR.internal);
    clearInterval(timer);
    const data = client.frames.filter(({ type }) => type === FRAME.data);
    assert.ok(data.length < 200);
    client.end();
  }
});

test('more streams than announced are refused, and the others are served', async () => {
  const client = new FrameClient(bed.port);
  await client.settled();
  for (let i = 0; i <= MAX_STREAMS; i++) client.request(i * 2 + 1, SILENT);
  assert.equal(await client.reset(MAX_STREAMS * 2 + 1), ERROR.refusedStream);
  assert.equal(client.frames.filter(({ type }) => type === FRAME.rstStream).length, 1);
  client.end();
  await eventually(() => bed.log.filter(({ host }) => host === silent.host).length >= MAX_STREAMS);
});

test('streams cannot be opened backwards, by even numbers, or on stream 0', async () => {
  for (const [first, second] of [
    [5, 3],
    [1, 2],
    [1, 0],
  ] as const) {
    const client = new FrameClient(bed.port);
    client.request(first);
    client.request(second);
    const code = await client.goAway();
    assert.ok(code === ERROR.protocol || code === ERROR.streamClosed);
    client.end();
  }
});

test('frames over the size limit, or of a wrong size, are errors of their kind', async () => {
  for (const [type, id, length] of [
    [FRAME.data, 1, 16_385],
    [FRAME.ping, 0, 7],
    [FRAME.windowUpdate, 0, 5],
    [FRAME.rstStream, 1, 3],
    [FRAME.settings, 0, 5],
  ] as const) {
    const client = new FrameClient(bed.port);
    client.request(1);
    client.send(type, 0, id, Buffer.alloc(length));
    assert.equal(await client.goAway(), ERROR.frameSize, `type ${type}`);
    client.end();
  }
});

test('malformed requests are reset, and reach no handler', async () => {
  const client = new FrameClient(bed.port);
  const before = bed.edge.requests();
  const without = (name: string): typeof GET => GET.filter(([one]) => one !== name);
  const cases: (typeof GET)[] = [
    without(':path'),
    without(':method'),
    without(':scheme'),
    [...without(':path'), [':path', '']],
    [...without(':path'), [':path', 'http://other.localhost/']],
    [...without(':scheme'), [':scheme', 'ftp']],
    [...without(':authority'), [':authority', 'user@app.localhost']],
    [...GET, [':path', '/']],
    [...GET, [':unknown', 'x']],
    [...GET, [':protocol', 'websocket']],
    [...GET, ['Upper', 'x']],
    [...GET, ['a b', 'x']],
    [...GET, ['x', 'a\r\nb: c']],
    [...GET, ['x', 'a\0b']],
    [...GET, ['x', ' padded']],
    [...GET, ['connection', 'close']],
    [...GET, ['keep-alive', '1']],
    [...GET, ['proxy-connection', '1']],
    [...GET, ['transfer-encoding', 'chunked']],
    [...GET, ['upgrade', 'websocket']],
    [...GET, ['te', 'gzip']],
    [...GET, ['host', 'other.localhost']],
    [...GET, ['content-length', '-1']],
    [...GET, ['content-length', '5']],
    [...GET, ['content-length', '0'], ['content-length', '0']],
    [['x', 'y'], ...GET],
  ];
  for (const [i, fields] of cases.entries()) {
    client.request(i * 2 + 1, fields);
    assert.equal(await client.reset(i * 2 + 1), ERROR.protocol, JSON.stringify(fields));
  }
  assert.equal(bed.edge.requests(), before);
  client.request(1001, [...GET, ['te', 'trailers']]);
  assert.equal(await client.body(1001), 'home');
  client.end();
});

test('a body that contradicts its declared length is reset', async () => {
  const client = new FrameClient(bed.port);
  for (const [i, [declared, sent]] of (
    [
      ['3', 'four'],
      ['5', 'four'],
      ['100000', 'four'],
    ] as const
  ).entries()) {
    const id = i * 2 + 1;
    client.request(id, [...POST.slice(0, 3), [':authority', silent.host], ['content-length', declared]], 0);
    client.send(FRAME.data, FLAG.endStream, id, Buffer.from(sent));
    assert.equal(await client.reset(id), ERROR.protocol);
  }
  client.end();
});

test('CONNECT is refused with a response', async () => {
  const client = new FrameClient(bed.port);
  client.request(1, [
    [':method', 'CONNECT'],
    [':authority', 'app.localhost'],
  ]);
  assert.equal(await client.status(1), '405');
  client.end();
});

test('a connection without a preface, or without settings, is closed in time', async () => {
  const client = new FrameClient(bed.port, 'nothing');
  client.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  assert.equal(await client.goAway(), ERROR.settingsTimeout);
  await client.until(() => client.closed || undefined);
});
