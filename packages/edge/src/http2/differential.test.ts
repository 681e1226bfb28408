import assert from 'node:assert/strict';
import { connect, createServer, type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { frameBytes, FrameClient, headerBlock, uint32 } from '../testing/frame-client.ts';
import { serveHttp2 } from '../testing/http2-harness.ts';
import { FLAG, FRAME } from './frames.ts';

type Received = { method: string; url: string; headers: Record<string, unknown>; body: string };

/** Collects requests by their `x-id` header, and responds with it. */
class Recorder {
  readonly requests = new Map<string, Received>();

  add(head: { method?: string | undefined; url?: string | undefined; headers: object }, body: string): string {
    const headers: Record<string, unknown> = { ...head.headers };
    const id = String(headers['x-id']);
    this.requests.set(id, { method: head.method ?? '', url: head.url ?? '', headers, body });
    return `response ${id}`;
  }
}

const respond = (
  reply: { writeHead(status: number, headers: string[]): unknown; end(text: string, encoding: 'latin1'): unknown },
  text: string,
): void => {
  reply.writeHead(200, ['content-type', 'text/plain']);
  reply.end(text, 'latin1');
};

const ours = (t: Parameters<typeof serveHttp2>[0], recorder: Recorder): ReturnType<typeof serveHttp2> =>
  serveHttp2(t, {
    handle: (head, reply) => respond(reply, recorder.add(head, head.body?.bytes.toString('latin1') ?? '')),
    handleStreamed: (req, reply) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk.toString('latin1');
      });
      req.on('end', () => respond(reply, recorder.add(req, body)));
    },
  });

const NAMES = ['x-a', 'x-b', 'accept', 'user-agent', 'cookie', 'authorization', 'x-long-name-that-is-not-in-any-table'];
const header = fc.tuple(fc.constantFrom(...NAMES), fc.stringMatching(/^[!-~]([ -~]{0,200}[!-~])?$/));
const request = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
  path: fc.stringMatching(/^\/[a-z0-9/?=&%-]{0,100}$/),
  headers: fc.array(header, { maxLength: 8 }),
  body: fc.option(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 3_000 }), { nil: undefined }),
  times: fc.constantFrom(1, 1, 1, 100),
  declared: fc.boolean(),
  cancelled: fc.boolean(),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

test('requests of a real client arrive byte for byte, whatever others of its connection do', async (t) => {
  const recorder = new Recorder();
  const { port } = await ours(t, recorder);
  let id = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0, 1, 100, 65_535, 1_000_000),
      async (requests, window) => {
        const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: window } });
        try {
          await Promise.all(requests.map((one) => exchange(session, one, String(++id), recorder, window)));
        } finally {
          session.destroy();
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** Sends a request and checks both what was received of it and its response. */
async function exchange(
  session: ClientHttp2Session,
  { method, path, headers, body: once, times, declared, cancelled }: Request,
  id: string,
  recorder: Recorder,
  window: number,
): Promise<void> {
  const withBody = once !== undefined && method !== 'GET' && method !== 'HEAD';
  const body = withBody ? once.repeat(times) : '';
  const own = Object.fromEntries(headers);
  const stream = session.request(
    {
      ':method': method,
      ':path': path,
      ':authority': 'app.localhost',
      ...own,
      'x-id': id,
      ...(withBody && declared ? { 'content-length': String(body.length) } : {}),
    },
    { endStream: !withBody },
  );
  stream.on('error', () => undefined);
  if (withBody) stream.end(body);
  if (cancelled) return stream.close(8);
  let text = '';
  stream.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  // A window that never opens only lets the head through.
  if (window === 0) return;
  await new Promise<void>((resolve) => stream.on('close', resolve));
  assert.equal(stream.rstCode, 0);
  assert.equal(text, method === 'HEAD' ? '' : `response ${id}`);
  const received = recorder.requests.get(id);
  assert.deepEqual([received?.method, received?.url, received?.body], [method, path, body]);
  assert.equal(received?.headers['host'], 'app.localhost');
  for (const [name, value] of Object.entries(own)) assert.equal(received?.headers[name], value, name);
}

/** Header fields of a request, one of them perhaps wrong. */
const fields = fc
  .record({
    method: fc.constantFrom('GET', 'POST'),
    wrong: fc.constantFrom<readonly (readonly [string, string])[]>(
      [],
      [],
      [],
      [],
      [['connection', 'close']],
      [['transfer-encoding', 'chunked']],
      [['te', 'gzip']],
      [['te', 'trailers']],
      [['Upper', 'x']],
      [[':path', '/again']],
      [[':unknown', 'x']],
      [['content-length', '7']],
    ),
    without: fc.constantFrom('', '', '', '', ':method', ':path', ':scheme'),
  })
  .map(({ method, wrong, without }) =>
    (
      [
        [':method', method],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'app.localhost'],
        ...wrong,
      ] as readonly (readonly [string, string])[]
    ).filter(([name]) => name !== without),
  );

/** What is sent on one stream. Other frames of the connection come between. */
const stream = fc.record({
  fields,
  end: fc.boolean(),
  data: fc.array(fc.record({ size: fc.integer({ min: 0, max: 400 }), padded: fc.boolean() }), { maxLength: 3 }),
  trailers: fc.constantFrom('none', 'none', 'good', 'pseudo'),
  between: fc.constantFrom('nothing', 'ping', 'priority', 'window', 'settings', 'unknown'),
});
type Stream = typeof stream extends fc.Arbitrary<infer T> ? T : never;

function framesOf(id: number, { fields: head, end, data, trailers, between }: Stream): Buffer[] {
  const frames = [frameBytes(FRAME.headers, FLAG.endHeaders | (end ? FLAG.endStream : 0), id, headerBlock(head))];
  if (between === 'ping') frames.push(frameBytes(FRAME.ping, 0, 0, Buffer.alloc(8)));
  if (between === 'priority') frames.push(frameBytes(FRAME.priority, 0, id, Buffer.concat([uint32(0), Buffer.of(7)])));
  if (between === 'window') frames.push(frameBytes(FRAME.windowUpdate, 0, 0, uint32(1_000)));
  if (between === 'settings') frames.push(frameBytes(FRAME.settings, 0, 0, Buffer.alloc(0)));
  if (between === 'unknown') frames.push(frameBytes(0xbe, 0, id, Buffer.from('what')));
  if (end) return frames;
  data.forEach(({ size, padded }, i) => {
    const last = i === data.length - 1 && trailers === 'none' ? FLAG.endStream : 0;
    const payload = padded
      ? Buffer.concat([Buffer.of(3), Buffer.alloc(size, 'd'), Buffer.alloc(3)])
      : Buffer.alloc(size, 'd');
    frames.push(frameBytes(FRAME.data, last | (padded ? FLAG.padded : 0), id, payload));
  });
  if (trailers !== 'none' || data.length === 0) {
    const block = headerBlock(trailers === 'pseudo' ? [[':path', '/x']] : [['x-trailer', 'y']]);
    frames.push(frameBytes(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, block));
  }
  return frames;
}

type Outcomes = Readonly<{ outcomes: readonly string[]; closed: boolean }>;

/** Sends the bytes, and returns which streams got a whole response. */
async function served(port: number, bytes: Buffer, ids: readonly number[], cut: number): Promise<Outcomes> {
  const client = new FrameClient(port);
  client.socket.write(bytes.subarray(0, cut));
  await new Promise((resolve) => setImmediate(resolve));
  client.socket.write(bytes.subarray(cut));
  const outcome = (id: number): string | undefined => {
    if (client.frames.some((frame) => frame.id === id && frame.type === FRAME.rstStream)) return 'refused';
    const ended = client.frames.some(
      (frame) => frame.id === id && frame.type <= FRAME.headers && (frame.flags & FLAG.endStream) !== 0,
    );
    return ended ? 'served' : undefined;
  };
  const failed = (): boolean => client.closed || client.frames.some(({ type }) => type === FRAME.goAway);
  await client.until(() => failed() || ids.every((id) => outcome(id) !== undefined));
  const result = { outcomes: ids.map((id) => outcome(id) ?? 'refused'), closed: failed() };
  client.end();
  return result;
}

test('the same bytes have the same outcome as with node:http2, wherever they are cut', async (t) => {
  const { port } = await ours(t, new Recorder());
  const node = createServer();
  node.on('stream', (one: ServerHttp2Stream) => {
    one.on('error', () => undefined).on('data', () => undefined);
    one.on('end', () => {
      if (one.closed || one.destroyed) return;
      one.respond({ ':status': 200 });
      one.end('response');
    });
  });
  node.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  t.after(() => node.close());
  const nodePort = (node.address() as AddressInfo).port;
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { minLength: 1, maxLength: 4 }), fc.nat(2_000), async (streams, cut) => {
      const ids = streams.map((_, i) => i * 2 + 1);
      const bytes = Buffer.concat(streams.flatMap((one, i) => framesOf(i * 2 + 1, one)));
      const [here, there] = [await served(port, bytes, ids, cut), await served(nodePort, bytes, ids, cut)];
      // For a body that is too long nghttp2 closes the connection, and the edge resets one stream.
      const until = there.closed ? there.outcomes.indexOf('refused') + 1 : ids.length;
      assert.deepEqual(here.outcomes.slice(0, until), there.outcomes.slice(0, until));
    }),
    { numRuns: 150 },
  );
});

test('no bytes make the connection throw, and all of them end it in time', async (t) => {
  const { port } = await serveHttp2(t, {
    handle: (_head, reply) => respond(reply, 'x'),
    handleStreamed: (_req, reply) => respond(reply, 'x'),
  });
  const frame = fc
    .tuple(fc.nat(12), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 60 }))
    .map(([type, flags, id, payload]) => frameBytes(type, flags, id, Buffer.from(payload)));
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
      const client = new FrameClient(port);
      client.socket.end(Buffer.concat(frames));
      await client.until(() => client.closed || undefined);
      assert.ok(client.closed);
    }),
    { numRuns: 200 },
  );
});
