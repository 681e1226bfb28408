import assert from 'node:assert/strict';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
type ReceivedRequest = { method: string | undefined; body: string; headers: IncomingMessage['headers'] };
const requests: ReceivedRequest[] = [];
let response: 'rest' | 'cut' | 'error' | 'endless error' | 'slow' | 'late' = 'rest';
/** Endless errors whose connections the edge has closed. */
let closedErrors = 0;
/** More than a socket accepts before it applies backpressure. */
const LARGE = 'x'.repeat(200_000);

before(async () => {
  await bed.start();
  bed.site({
    function: true,
    builtAt: Date.now(),
    prerenders: {
      '/shell': bed.page('<html>shell', {
        partial: true,
        postponed: bed.put('{state}'),
        headers: { 'content-type': 'text/html', vary: 'rsc' },
        bypass: [[{ type: 'header', key: 'user-agent', value: '.*Bot.*' }]],
      }),
      '/large': bed.page(LARGE, { partial: true, postponed: bed.put('{state}') }),
      '/lost': bed.page('<html>lost', { partial: true, postponed: { blob: 'f'.repeat(64), size: 7 } }),
    },
  });
  await bed.serve(dpl(1), (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      requests.push({ method: req.method, body: Buffer.concat(chunks).toString(), headers: req.headers });
      if (response === 'error') return void res.writeHead(500).end('broken');
      if (response === 'endless error') {
        res.once('close', () => closedErrors++);
        return void res.writeHead(500).write('broken');
      }
      if (response === 'late') return late(res);
      res.write('<rest>');
      if (response === 'slow') return;
      if (response === 'cut') return void setImmediate(() => res.destroy());
      res.end('</html>');
    });
  });
});
after(() => bed.stop());

/** A large piece, and the next one when the client has long read the first. */
function late(res: ServerResponse): void {
  setTimeout(() => {
    res.write(LARGE);
    setTimeout(() => res.end('</html>'), 100);
  }, 100);
}

test('the shell and what the function renders from its state are one response', async () => {
  const reply = await bed.get('/shell?q=1', { headers: { cookie: 'a=1', 'next-resume': '1' } });
  assert.deepEqual([reply.status, reply.text], [200, '<html>shell<rest></html>']);
  assert.deepEqual(
    [
      reply.headers['x-anchor-cache'],
      reply.headers['x-nextjs-postponed'],
      reply.headers['cache-control'],
      reply.headers['etag'],
      reply.headers['content-length'],
    ],
    ['HIT', '1', 'private, no-cache, no-store, max-age=0, must-revalidate', undefined, undefined],
  );
  const last = requests.at(-1);
  assert.deepEqual(
    [last?.method, last?.body, last?.headers['next-resume'], last?.headers.cookie],
    ['POST', '{state}', '1', 'a=1'],
  );
});

test('the shell comes while the function is still starting', async () => {
  let started = (): void => undefined;
  bed.functions.starting = () => new Promise((resolve) => (started = resolve));
  bed.route(
    'cold.localhost',
    dpl(2),
    bed.artifact({
      function: true,
      builtAt: Date.now(),
      prerenders: { '/shell': bed.page('<html>shell', { partial: true, postponed: bed.put('{state}') }) },
    }),
  );
  const first = await new Promise<string>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: bed.port, path: '/shell', agent: false, headers: { host: 'cold.localhost' } },
      (reply) => {
        reply.once('data', (chunk: Buffer) => resolve(chunk.toString()));
        reply.on('error', () => undefined);
      },
    );
    sent.once('error', reject);
    sent.end();
  });
  assert.equal(first, '<html>shell');
  started();
  bed.functions.starting = () => Promise.resolve();
});

test('when the rest fails, the client sees that the response is incomplete', async () => {
  for (const how of ['cut', 'error'] as const) {
    response = how;
    await assert.rejects(bed.get('/shell'), how);
  }
  response = 'rest';
});

test('an error page that does not end keeps no connection to the function', async () => {
  response = 'endless error';
  await assert.rejects(bed.get('/shell'));
  await eventually(() => closedErrors === 1);
  response = 'rest';
});

test('pieces that the visitor took before the next one came hold up nothing', { timeout: 10_000 }, async () => {
  response = 'late';
  for (const headers of [{}, { 'proxy-connection': 'close' }]) {
    const reply = await bed.get('/large', { headers });
    assert.equal(reply.text.length, 2 * LARGE.length + '</html>'.length);
  }
  response = 'rest';
});

test('a client that disconnects ends its render', async () => {
  response = 'slow';
  await new Promise<void>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: bed.port, path: '/shell', agent: false, headers: { host: 'app.localhost' } },
      (reply) => {
        reply.on('error', () => undefined);
        reply.on('data', (chunk: Buffer) => {
          if (!chunk.toString().includes('<rest>')) return;
          sent.destroy();
          resolve();
        });
      },
    );
    sent.once('error', reject);
    sent.end();
  });
  response = 'rest';
  assert.equal((await bed.get('/shell')).status, 200);
});

test(
  'a client that disconnects before the first byte takes no instance from the others',
  { timeout: 20_000 },
  async () => {
    for (const http1FastPath of [true, false]) {
      const shared = await new TestBed({ http1FastPath }).start();
      try {
        shared.site({
          function: true,
          builtAt: Date.now(),
          prerenders: { '/shell': shared.page('<html>', { partial: true, postponed: shared.put('{state}') }) },
        });
        let rendering = 0;
        const held: (() => void)[] = [];
        const used = new Set<string>();
        for (const name of ['a', 'b', 'c']) {
          await shared.serve(dpl(1), (req, res) => {
            req.resume();
            if (req.url === '/shell') {
              rendering++;
              return void res.once('close', () => rendering--);
            }
            used.add(name);
            held.push(() => res.end());
            if (held.length === 3) for (const response of held.splice(0)) response();
          });
        }
        const spread = async (): Promise<string> => {
          used.clear();
          await Promise.all([1, 2, 3].map(() => shared.get('/other')));
          return [...used].sort().join();
        };
        assert.equal(await spread(), 'a,b,c');
        const { acquired } = shared.functions;
        for (let i = 0; i < 2; i++) {
          const sent = request({
            host: '127.0.0.1',
            port: shared.port,
            path: '/shell',
            agent: false,
            headers: { host: 'app.localhost' },
          });
          sent.on('error', () => undefined);
          sent.end();
          await eventually(() => rendering === 1);
          sent.destroy();
          await eventually(() => rendering === 0);
          assert.equal(await spread(), 'a,b,c', `after ${i + 1}`);
        }
        assert.equal(shared.functions.acquired, acquired);
      } finally {
        await shared.stop();
      }
    }
  },
);

test('HEAD starts no function; a client that cannot take a page in two parts, and a lost shell, get the page from the function', async () => {
  const before = requests.length;
  assert.equal((await bed.get('/shell', { method: 'HEAD' })).status, 200);
  assert.equal(requests.length, before);
  assert.equal((await bed.get('/shell', { headers: { 'user-agent': 'SomeBot/1' } })).text, '<rest></html>');
  assert.equal((await bed.get('/lost')).text, '<rest></html>');
  assert.ok(requests.slice(before).every(({ method }) => method === 'GET'));
});

test('a render in progress is not cut, however long it takes in all', { timeout: 10_000 }, async () => {
  const hasty = new TestBed({ idleMs: 400, startMs: 200, timeoutMs: 200, headersMs: 200 });
  await hasty.start();
  try {
    hasty.site({
      function: true,
      builtAt: Date.now(),
      prerenders: { '/shell': hasty.page('<html>', { partial: true, postponed: hasty.put('{state}') }) },
    });
    await hasty.serve(dpl(1), (_, res) => {
      let left = 15;
      const timer = setInterval(() => {
        res.write('.');
        if (--left > 0) return;
        clearInterval(timer);
        res.end();
      }, 80);
    });
    assert.equal((await hasty.get('/shell')).text, `<html>${'.'.repeat(15)}`);
  } finally {
    await hasty.stop();
  }
});
