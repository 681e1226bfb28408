import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EdgeSettings } from '../util/settings.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';
import { TestClient as Client } from '../testing/test-client.ts';

const MB = 1 << 20;
setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');
/** Memory by which compiled code and the rest of a worker grow meanwhile. */
const NOISE_MB = 6;
/** Returns the heap of JavaScript, in MB, when nothing is in flight. */
async function held(): Promise<number> {
  // An object that was read through a weak reference is held until the turn of the loop ends.
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

type Status = Readonly<{
  requests: number;
  inflight: number;
  results: Readonly<Record<string, number>>;
  repeats: Readonly<{ count: number; bytes: number; hits: number }>;
}>;

async function setup(
  t: TestContext,
  settings: Partial<EdgeSettings> = {},
): Promise<
  Readonly<{
    bed: TestBed;
    client: Client;
    dial(localAddress?: string): Client;
    status(): Promise<Status>;
    hit(client: Client, path: string, more?: string, host?: string): Promise<string>;
  }>
> {
  const bed = new TestBed(settings);
  await bed.start(join(bed.directory, 'control.sock'));
  t.after(() => bed.stop());
  const clients: Client[] = [];
  const dial = (localAddress?: string): Client => {
    const client = new Client(bed.port, localAddress);
    clients.push(client);
    return client;
  };
  t.after(() => clients.forEach((one) => one.end()));
  const status = (): Promise<Status> => bed.status<Status>();
  return {
    bed,
    client: dial(),
    dial,
    status,
    /** Repeats a request until its response comes from the memo. */
    async hit(client, path, more, host) {
      const before = (await status()).repeats.hits;
      for (let i = 0; i < 100; i++) {
        const { body } = await client.get(path, more, host);
        if ((await status()).repeats.hits > before) return body;
      }
      return assert.fail(`${path} was never served from memory`);
    },
  };
}

const purge = (bed: TestBed, id: string, tag: string): void =>
  appendFileSync(
    join(bed.directory, `${id}.tags`),
    `${JSON.stringify({ tag, at: Date.now() + bed.clockOffsetMs + 0.5 })}\n`,
  );

test('an identical request is served from memory on any connection, and the log and the counters do not differ', async (t) => {
  const { bed, client, dial, status, hit } = await setup(t);
  bed.site({ files: { '/a.css': bed.file('body{}', { type: 'text/css' }) } });
  const more = 'user-agent: "tést" \\ 1\r\n';
  await client.get('/a.css?x=1', more);
  const other = dial();
  assert.equal(await hit(other, '/a.css?x=1', more), 'body{}');
  assert.equal(await hit(client, '/a.css?x=1', more), 'body{}');
  const { requests, inflight, results, repeats } = await status();
  assert.deepEqual([requests, inflight, results['STATIC'], repeats.count], [bed.log.length, 0, bed.log.length, 1]);
  const same = bed.log.map((entry) => ({ ...entry, at: 0, requestId: '', ms: 0 }));
  for (const entry of same) assert.deepEqual(entry, same[0]);
  assert.equal(new Set(bed.log.map(({ requestId }) => requestId)).size, bed.log.length);
  assert.ok(bed.log.every(({ at, ms }) => Math.abs(at - Date.now()) < 60_000 && ms >= 0 && ms < 60_000));
});

test('a response from memory equals the original but for its id and date', async (t) => {
  const { bed, client, hit } = await setup(t);
  bed.site({ files: { '/a.css': bed.file('body{}', { type: 'text/css', headers: { 'x-own': '1' } }) } });
  const alike = (head: string): string => head.replace(/[0-9a-f-]{36}/, 'ID').replace(/Date: [^\r]*/, 'Date');
  const first = await client.get('/a.css');
  await hit(client, '/a.css');
  const second = await client.get('/a.css');
  assert.equal(alike(second.head), alike(first.head));
  assert.notEqual(second.head, first.head);
});

test('a host that is pointed at another deployment, or at none, is never served from memory', async (t) => {
  const { bed, client, dial, hit } = await setup(t);
  const [one, two] = ['one', 'two'].map((text) => bed.artifact({ files: { '/a.txt': bed.file(text) } }));
  bed.route('app.localhost', dpl(1), one!);
  const other = dial();
  for (let i = 0; i < 5; i++) {
    bed.route('app.localhost', dpl(1), one!);
    assert.equal(await hit(client, '/a.txt'), 'one');
    bed.route('app.localhost', dpl(2), two!);
    const switched = await Promise.all([client.get('/a.txt'), other.get('/a.txt')]);
    assert.deepEqual(
      switched.map(({ body }) => body),
      ['two', 'two'],
    );
    assert.match(switched[0].head, new RegExp(dpl(2)));
    // The same files under another name: only the name differs.
    bed.route('app.localhost', dpl(3), two!);
    assert.match((await client.get('/a.txt')).head, new RegExp(dpl(3)));
    assert.equal(await hit(client, '/a.txt'), 'two');
    bed.routes.delete('app.localhost');
    assert.match((await client.get('/a.txt')).head, /^HTTP\/1\.1 404 /);
  }
});

test('a page that was purged, is stale, or has a newer version is never served from memory', async (t) => {
  const { bed, client, hit } = await setup(t);
  bed.site({
    function: true,
    builtAt: Date.now() - 1000,
    prerenders: { '/page': bed.page('built', { revalidate: 60, expire: 120, tags: ['t'] }) },
  });
  let renders = 0;
  await bed.serve(dpl(1), (req, res) => {
    const path = (req.url ?? '').split('?')[0];
    if (path !== '/page' || req.headers['rsc'] === '1')
      res
        .setHeader('x-nextjs-cache', 'HIT')
        .setHeader(
          'x-anchor-entry',
          JSON.stringify({ g: path, m: Date.now() + bed.clockOffsetMs, r: 60, e: 120, t: ['t'] }),
        );
    res.setHeader('content-length', String(renders++).length).end(String(renders - 1));
  });
  assert.equal(await hit(client, '/page'), 'built');
  purge(bed, dpl(1), 't');
  assert.equal((await client.get('/page')).body, '0');
  rmSync(join(bed.directory, `${dpl(1)}.tags`));
  assert.equal(await hit(client, '/page'), 'built');
  // Another part of the page in a newer version ends the use of this one.
  assert.equal((await client.get('/page?_rsc=1', 'rsc: 1\r\n')).body, '1');
  assert.equal((await client.get('/page')).body, '2');
  bed.route('app.localhost', dpl(4), bed.routes.get('app.localhost')!.artifact);
  assert.equal(await hit(client, '/page'), 'built');
  bed.clockOffsetMs = 61_000;
  assert.match((await client.get('/page')).head, /x-anchor-cache: STALE/);
  bed.clockOffsetMs = 200_000;
  assert.match((await client.get('/page')).head, /x-anchor-cache: ERROR/, 'there is no function under this name');
  bed.route('app.localhost', dpl(1), bed.routes.get('app.localhost')!.artifact);

  const cached = await hit(client, '/kept');
  assert.equal(await hit(client, '/kept'), cached);
  purge(bed, dpl(1), 't');
  bed.clockOffsetMs += 10;
  const fresh = (await client.get('/kept')).body;
  assert.notEqual(fresh, cached);
  rmSync(join(bed.directory, `${dpl(1)}.tags`));
  assert.equal(await hit(client, '/kept'), fresh);
  // A request that needs more than a cached page creates a newer one.
  const newer = (await client.get('/kept', 'next-action: x\r\n')).body;
  assert.notEqual(newer, fresh);
  bed.clockOffsetMs += 61_000;
  assert.match((await client.get('/kept')).head, /x-anchor-cache: STALE/);
});

test('each client has its own address in the log, and requests of a trusted proxy are parsed', async (t) => {
  const { bed, client, dial, hit } = await setup(t, { trustedProxies: ['127.0.0.3'] });
  bed.site({ files: { '/a.txt': bed.file('a') } });
  const more = 'x-forwarded-for: 203.0.113.7\r\nx-request-id: abcdefgh\r\n';
  await hit(client, '/a.txt', more);
  await hit(dial('127.0.0.2'), '/a.txt', more);
  assert.equal(bed.log.at(-1)?.ip, '127.0.0.2');
  const proxied = await dial('127.0.0.3').get('/a.txt', more);
  assert.match(proxied.head, /x-request-id: abcdefgh/);
  assert.equal(bed.log.at(-1)?.ip, '203.0.113.7');
  await hit(client, '/a.txt', more);
  assert.equal(bed.log.at(-1)?.ip, '127.0.0.1');
});

test("requests under rules on the client's address, and of pages of earlier deployments, are never served from memory", async (t) => {
  const { bed, client, dial, status } = await setup(t);
  const files = { '/a.txt': bed.file('a') };
  const ruled = bed.artifact({
    files,
    routing: {
      beforeMiddleware: [
        {
          sourceRegex: '^/a.txt$',
          headers: { 'x-near': '1' },
          has: [{ type: 'header', key: 'X-Forwarded-For', value: '127\\.0\\.0\\.1' }],
        },
      ],
      middlewareMatchers: [],
      beforeFiles: [],
      afterFiles: [],
      onMatch: [],
    },
  });
  bed.route('app.localhost', dpl(1), ruled);
  const far = dial('127.0.0.2');
  for (let i = 0; i < 5; i++) {
    assert.match((await client.get('/a.txt')).head, /x-near: 1/);
    assert.doesNotMatch((await far.get('/a.txt')).head, /x-near/);
  }
  const [before, now] = ['before', 'now'].map((text) => bed.artifact({ files: { '/a.txt': bed.file(text) } }));
  bed.route('two.localhost', dpl(3), now!, [{ deploymentId: dpl(2), artifact: before!, until: Date.now() + 60_000 }]);
  const cookie = `cookie: __anchor_dpl=${dpl(2)}\r\n`;
  for (let i = 0; i < 5; i++) assert.equal((await client.get('/a.txt', cookie, 'two.localhost')).body, 'before');
  assert.equal((await status()).repeats.hits, 0);
  bed.clockOffsetMs = 120_000;
  assert.equal((await client.get('/a.txt', cookie, 'two.localhost')).body, 'now');
});

test('a worker that closes sends connection: close on every response, including those from memory', async (t) => {
  const { bed, client, hit } = await setup(t, { shutdownLingerMs: 5_000 });
  bed.site({ files: { '/a.txt': bed.file('a') } });
  await hit(client, '/a.txt');
  const closing = bed.edge.close(5_000);
  assert.match((await client.get('/a.txt')).head, /Connection: close/);
  await closing;
});

test('requests that come once leave nothing; many that come again take no more memory than they may', async (t) => {
  const { bed, client, status } = await setup(t);
  bed.site({ files: { '/a.txt': bed.file('a') } });
  const long = (i: number): string => `x-pad: ${'p'.repeat(3500)}\r\nx-n: ${i}\r\n`;
  for (let i = 0; i < 300; i++) await client.get('/a.txt', long(i));
  assert.equal((await status()).repeats.count, 0);
  bed.log.length = 0;
  const before = await held();
  for (let i = 0; i < 800; i++) for (let j = 0; j < 2; j++) await client.get('/a.txt', long(i));
  const { count, bytes } = (await status()).repeats;
  assert.ok(count > 100 && count < 800 && bytes <= 8 * MB, `${count} of ${bytes} bytes`);
  bed.log.length = 0;
  const more = (await held()) - before;
  assert.ok(more < (8 * MB) / 1e6 + NOISE_MB, `${more.toFixed(1)} MB`);
});

/**
 * Starts a function whose pages have about as many tags as are allowed. Returns the pages that were requested from it.
 */
async function tagged(bed: TestBed): Promise<readonly string[]> {
  const received: string[] = [];
  bed.site({ function: true, builtAt: Date.now() });
  await bed.serve(dpl(1), (req, res) => {
    const path = (req.url ?? '').split('?', 1)[0] ?? '';
    received.push(path);
    const tags = Array.from({ length: 250 }, (_, i) => `${path.slice(0, 12)}-${i}-${'t'.repeat(36)}`);
    res
      .writeHead(200, {
        'x-nextjs-cache': 'HIT',
        'content-length': 1,
        'x-anchor-entry': JSON.stringify({ g: path, m: Date.now(), r: 60, t: tags }),
      })
      .end('p');
  });
  return received;
}
/** The function, what it made, and once more. */
async function remembered(client: Client, path: string): Promise<void> {
  for (let i = 0; i < 3; i++) await client.get(path);
}

test('responses of evicted pages do not keep their tags in memory', { timeout: 60_000 }, async (t) => {
  const { bed, client, status } = await setup(t, { pageBytes: 2 * MB, memoryBytes: MB });
  await tagged(bed);
  for (let i = 0; i < 200; i++) await remembered(client, `/warm-${i}`);
  bed.log.length = 0;
  const before = await held();
  for (let i = 0; i < 2000; i++) await remembered(client, `/page-${i}`);
  const { count, bytes } = (await status()).repeats;
  assert.ok(count > 2000, `${count}`);
  bed.log.length = 0;
  const more = (await held()) - before;
  assert.ok(more < bytes / 1e6 + NOISE_MB, `${more.toFixed(1)} MB for ${count} of ${bytes} bytes`);
});

test('a response whose page was evicted, or whose host was removed, is removed at its next request', async (t) => {
  const { bed, client, status } = await setup(t, { pageBytes: MB });
  const count = async (): Promise<number> => (await status()).repeats.count;
  const renders = await tagged(bed);
  for (let i = 0; i < 10; i++) await remembered(client, `/page-${i}`);
  for (let i = 0; i < 100; i++) await client.get(`/other-${i}`);
  assert.deepEqual([await count(), renders.length], [10, 110]);
  await client.get('/page-0');
  assert.deepEqual([await count(), renders.length], [9, 111]);
  // The entry is known, so its next response is memoized at once.
  await client.get('/page-0');
  assert.deepEqual([await count(), renders.length], [10, 111]);
  bed.routes.delete('app.localhost');
  for (let i = 0; i < 10; i++) await client.get(`/page-${i}`);
  const { repeats } = await status();
  assert.deepEqual([repeats.count, repeats.bytes], [0, 0]);
});

test('a response whose page is only stale for now stays, and is served again when the page is fresh', async (t) => {
  const { bed, client, status, hit } = await setup(t);
  bed.site({
    function: true,
    builtAt: Date.now() - 1000,
    prerenders: { '/page': bed.page('built', { revalidate: 60, tags: ['t'] }) },
  });
  await bed.serve(dpl(1), (_, res) => res.setHeader('content-length', 1).end('f'));
  await hit(client, '/page');
  purge(bed, dpl(1), 't');
  assert.equal((await client.get('/page')).body, 'f');
  assert.equal((await status()).repeats.count, 1);
  rmSync(join(bed.directory, `${dpl(1)}.tags`));
  assert.equal(await hit(client, '/page'), 'built');
});

test('responses of replaced routes do not keep these routes in memory', { timeout: 60_000 }, async (t) => {
  const { bed, client, status } = await setup(t, { memoryBytes: MB });
  const artifact = bed.artifact({ files: { '/a.txt': bed.file('a') } });
  const requestNth = async (i: number): Promise<void> => {
    bed.route(
      'app.localhost',
      dpl(1),
      artifact,
      Array.from({ length: 1000 }, (_, n) => ({
        deploymentId: dpl(i * 1000 + n),
        artifact: `${artifact}${i}`,
        until: 0,
      })),
    );
    await remembered(client, `/a.txt?${i}`);
  };
  for (let i = 0; i < 20; i++) await requestNth(i);
  const before = await held();
  for (let i = 20; i < 220; i++) await requestNth(i);
  assert.equal((await status()).repeats.count, 220);
  const more = (await held()) - before;
  assert.ok(more < NOISE_MB, `${more.toFixed(1)} MB`);
});

test('the byte count covers responses: their bytes and the key of their page', async (t) => {
  const { bed, client, status } = await setup(t);
  const bytes = async (): Promise<number> => (await status()).repeats.bytes;
  await tagged(bed);
  const weigh = async (path: string): Promise<number> => {
    const before = await bytes();
    await remembered(client, path);
    return (await bytes()) - before;
  };
  const short = await weigh('/p');
  assert.ok(short > 1024, `${short}`);
  assert.equal((await weigh(`/p${'x'.repeat(1000)}`)) - short, 1000 * (4 + 2));
});
