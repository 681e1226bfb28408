import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type SecureClientSessionOptions } from 'node:http2';
import { after, test } from 'node:test';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { FrameClient, GET, POST, settings, uint32 } from '../testing/frame-client.ts';
import { serveHttp2 } from '../testing/http2-harness.ts';
import { eventually, TestBed } from '../testing/test-bed.ts';
import { ERROR, FLAG, FRAME, SETTING } from './frames.ts';
import { STREAM_WINDOW } from './limits.ts';
import type { Http2Request } from './streamed-request.ts';

const bed = new TestBed({ http2PriorKnowledge: true });
const large = Buffer.from(Array.from({ length: 700_000 }, (_, i) => i % 251));
bed.site({
  function: true,
  files: {
    '/': bed.file('home'),
    '/60k': bed.file(large.subarray(0, 60_000)),
    '/5535': bed.file(large.subarray(0, 5_535)),
    '/large': bed.file(large),
  },
});
const slow: (() => void)[] = [];
const app = await bed.deployment((req, res) => {
  if (req.url === '/slow') return void slow.push(() => res.end('slow'));
  if (req.url === '/hints') res.writeEarlyHints({ link: '</a.css>; rel=preload' });
  let body = 0;
  req.on('data', (chunk: Buffer) => {
    body += chunk.length;
  });
  req.on('end', () => res.end(`${body}`));
});
await bed.start();
after(() => bed.stop());
const SLOW = [...GET.slice(0, 2), [':path', '/slow'], [':authority', app.host]] as typeof GET;

type Received = Readonly<{ status: number; body: Buffer; code: number }>;

/** Sends a request on a session, and resolves also when it is reset. */
function get(session: ClientHttp2Session, path: string, host = 'app.localhost'): Promise<Received> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': path, ':authority': host });
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ status, body: Buffer.concat(chunks), code: stream.rstCode }));
  });
}

test('files of all sizes arrive unchanged on many streams at once, over TLS too', async () => {
  const keyPem = await generateKeyPem();
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
  const ca = await createAuthority('Test CA', keyPem, validity);
  const authority = { keyPem, certificatePem: ca };
  const site = await issueCertificate(authority, [{ type: 'dns', value: 'app.localhost' }], keyPem, validity);
  bed.certificates.serve(['app.localhost'], { keyPem, chainPem: site });
  const secure: SecureClientSessionOptions = { ca, servername: 'app.localhost' };
  const targets = [
    [`http://127.0.0.1:${bed.port}`, {}],
    [`https://127.0.0.1:${bed.httpsPort}`, secure],
  ] as const;
  for (const [url, options] of targets) {
    // Twice: the second time they are prebuilt.
    for (let round = 0; round < 3; round++) {
      const session = connect(url, { ...options, settings: { initialWindowSize: 300_000 } });
      session.on('error', () => undefined);
      const responses = await Promise.all(
        Array.from({ length: 60 }, (_, i) => get(session, ['/', '/60k', '/large'][i % 3] ?? '')),
      );
      for (const [i, { status, body }] of responses.entries()) {
        assert.equal(status, 200);
        assert.ok(body.equals([Buffer.from('home'), large.subarray(0, 60_000), large][i % 3] ?? Buffer.alloc(0)), url);
      }
      session.close();
    }
  }
});

test('a client without a header table is told that none is used', async () => {
  const client = new FrameClient(bed.port, settings([SETTING.headerTableSize, 0]));
  for (let id = 1; id < 8; id += 2) {
    client.request(id);
    assert.equal(await client.body(id), 'home');
  }
  const heads = client.frames.filter(({ type }) => type === FRAME.headers);
  assert.deepEqual(
    heads.map(({ payload }) => payload[0] === 0x20),
    [true, false, false, false],
  );
  client.end();
});

test('the window of a connection is used to the last byte, and never more', async () => {
  const client = new FrameClient(bed.port);
  const to = (path: string): typeof GET => [...GET.slice(0, 2), [':path', path], ...GET.slice(3)];
  for (let id = 1; id < 12; id += 2) {
    client.request(id, to('/60k'));
    assert.equal((await client.body(id))?.length, large.subarray(0, 60_000).toString().length);
    if (id < 11) client.send(FRAME.windowUpdate, 0, 0, uint32(60_000));
  }
  client.request(101, to('/5535'));
  await client.body(101);
  client.request(103);
  await client.settled();
  assert.equal(client.frames.filter(({ id }) => id === 103).length, 1, 'the head, and no body');
  client.send(FRAME.windowUpdate, 0, 0, uint32(4));
  assert.equal(await client.body(103), 'home');
  client.end();
});

test('responses to requests of one packet leave together', async () => {
  const client = new FrameClient(bed.port);
  await client.settled();
  for (let round = 0; round < 3; round++) {
    let packets = 0;
    const count = (): void => void packets++;
    client.socket.on('data', count);
    client.socket.cork();
    for (let i = 0; i < 20; i++) client.request(1 + (round * 20 + i) * 2);
    client.socket.uncork();
    await client.body(1 + (round * 20 + 19) * 2);
    client.socket.removeListener('data', count);
    assert.ok(packets <= 2, `${packets} packets`);
  }
  client.end();
});

test('early hints pass, and trailers of a request are dropped', async () => {
  const client = new FrameClient(bed.port);
  client.request(1, [...GET.slice(0, 2), [':path', '/hints'], [':authority', app.host]]);
  assert.equal(await client.body(1), '0');
  assert.equal(client.frames.filter(({ type, id }) => type === FRAME.headers && id === 1).length, 2);
  for (const [id, length] of [
    [3, [['content-length', '4']]],
    [5, []],
  ] as const) {
    client.request(id, [...POST.slice(0, 3), [':authority', app.host], ...length], 0);
    client.send(FRAME.data, 0, id, Buffer.from('body'));
    client.request(id, [['x-checksum', '1']]);
    assert.equal(await client.body(id), '4');
  }
  client.end();
});

test('a body that no handler reads is not received beyond the window', async (t) => {
  const requests: Http2Request[] = [];
  const { port } = await serveHttp2(t, {
    handle: () => assert.fail(),
    handleStreamed: (req, reply) => {
      requests.push(req);
      req.on('end', () => {
        reply.writeHead(200, []);
        reply.end('read', 'latin1');
      });
    },
  });
  const client = new FrameClient(port);
  client.request(1, POST, 0);
  const chunk = Buffer.alloc(16_384);
  for (let sent = 0; sent < STREAM_WINDOW; sent += chunk.length) client.send(FRAME.data, 0, 1, chunk);
  await client.settled();
  const opened = (): boolean => client.frames.some(({ type, id }) => type === FRAME.windowUpdate && id === 1);
  assert.equal(opened(), false);
  requests[0]?.on('data', () => undefined);
  await client.until(opened);
  client.send(FRAME.data, FLAG.endStream, 1, chunk);
  assert.equal(await client.body(1), 'read');
  client.request(3, POST, 0);
  for (let sent = 0; sent <= STREAM_WINDOW; sent += chunk.length) client.send(FRAME.data, 0, 3, chunk);
  assert.equal(await client.reset(3), ERROR.flowControl);
  client.end();
});

test('a request whose client cancels it ends at its function, too', async () => {
  const client = new FrameClient(bed.port);
  const before = bed.log.length;
  client.request(1, SLOW);
  await eventually(() => slow.length > 0);
  client.send(FRAME.rstStream, 0, 1, Buffer.from([0, 0, 0, 8]));
  await eventually(() => bed.log.length > before);
  assert.equal(bed.log.at(-1)?.status, 499);
  slow.splice(0);
  client.end();
});

test('an idle connection is closed with a notice', async () => {
  const other = await new TestBed({ http2PriorKnowledge: true, keepAliveMs: 100, headersMs: 100 }).start();
  other.site({ files: { '/': other.file('home') } });
  const client = new FrameClient(other.port);
  client.request(1);
  assert.equal(await client.body(1), 'home');
  assert.equal(await client.goAway(), ERROR.none);
  await client.until(() => client.closed || undefined);
  await other.stop();
});

test('closing an edge loses no request: what it did not serve, its client knows', async () => {
  const edge = await new TestBed({ http2PriorKnowledge: true, shutdownLingerMs: 200 }).start();
  edge.site({ files: { '/': edge.file('home') } });
  const pending: (() => void)[] = [];
  const { host } = await edge.deployment((_req, res) => void pending.push(() => res.end('done')));
  const counts = { served: 0, untouched: 0, lost: 0 };
  const state = { closing: false };
  const run = async (): Promise<void> => {
    while (!state.closing) {
      const session = connect(`http://127.0.0.1:${edge.port}`);
      session.on('error', () => undefined);
      const connected = await Promise.race([
        once(session, 'connect').then(() => true),
        once(session, 'close').then(() => false),
      ]).catch(() => false);
      if (!connected) return;
      while (!session.closed && !session.destroyed) {
        const responses = await Promise.all(Array.from({ length: 5 }, () => get(session, '/')));
        for (const { status, body, code } of responses)
          if (status === 200 && body.toString() === 'home') counts.served++;
          else if (code === ERROR.refusedStream || code === ERROR.cancel || status === 0) counts.untouched++;
          else counts.lost++;
      }
    }
  };
  const runs = Array.from({ length: 8 }, run);
  const late = connect(`http://127.0.0.1:${edge.port}`);
  late.on('error', () => undefined);
  const held = get(late, '/', host);
  await eventually(() => counts.served > 200 && pending.length === 1);
  state.closing = true;
  const closed = edge.edge.close(5_000);
  await eventually(() => late.closed);
  pending[0]?.();
  assert.equal((await held).body.toString(), 'done');
  await Promise.all([closed, ...runs]);
  assert.equal(counts.lost, 0);
  assert.equal(edge.log.filter(({ path }) => path === '/').length, counts.served + 1);
  assert.equal(edge.log.filter(({ status }) => status !== 200).length, 0);
  await edge.stop();
});
