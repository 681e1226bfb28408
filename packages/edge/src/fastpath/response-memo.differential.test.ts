import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { dpl, TestBed } from '../testing/test-bed.ts';
import { TestClient, type RawResponse } from '../testing/test-client.ts';

/** The same sites on two servers: one with the edge's own reader and its response memo, one with node:http alone. */
const settings = { trustedProxies: ['127.0.0.9'] };
const [own, node] = [new TestBed(settings), new TestBed({ ...settings, http1FastPath: false })];
const beds = [own, node];
const CSS = 'body{color:red}'.repeat(100);
const MINUTE = 60_000;
const artifacts: string[][] = [];
const TABLE = { middlewareMatchers: [], beforeFiles: [], afterFiles: [], onMatch: [] };

before(async () => {
  for (const bed of beds) {
    await bed.start(join(bed.directory, 'control.sock'));
    // Both have the same times, so that both find the same page too old.
    const builtAt = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    bed.clockOffsetMs = builtAt - Date.now() + 1000;
    artifacts.push(
      ['one', 'two'].map((name) =>
        bed.artifact({
          function: true,
          builtAt,
          framework: { name: 'nextjs', deploymentId: `own-${name}` },
          files: {
            '/a.css': {
              ...bed.file(CSS + name, { type: 'text/css', immutable: true }),
              gzip: bed.put(gzipSync(CSS + name)),
            },
            '/index.html': bed.file(`home ${name}`),
            '/empty.txt': bed.file(''),
          },
          prerenders: {
            '/page': bed.page(`page ${name}`, { tags: ['t'], revalidate: 60, expire: 600, bypassToken: 'secret' }),
            '/page.rsc': bed.page(`rsc ${name}`, { tags: ['t'], revalidate: 60, expire: 600 }),
            '/other': bed.page(`other ${name}`, { tags: ['u'], group: 2 }),
          },
          routing: {
            ...TABLE,
            beforeMiddleware: [
              { sourceRegex: '^/page$', headers: { 'x-asked': '1' }, has: [{ type: 'header', key: 'x-ask' }] },
              { sourceRegex: '^/old$', status: 308, headers: { Location: '/new' } },
            ],
          },
        }),
      ),
    );
    for (const n of [1, 2, 3])
      await bed.serve(dpl(n), (req, res) => {
        const text = `${n} ${req.url} ${String(req.headers['x-anchor-refresh'])}`;
        res.setHeader('content-length', Buffer.byteLength(text)).end(text);
      });
  }
});
after(() => Promise.all(beds.map((bed) => bed.stop())));

const path = fc.constantFrom(
  '/a.css',
  '/a.css',
  '/page',
  '/page',
  '/page?_rsc=1',
  '/other',
  '/index.html',
  '/empty.txt',
  '/old',
  '/none',
  '/%70age',
  '/page/',
  `/a.css?dpl=${dpl(1)}`,
  `/page?dpl=${dpl(2)}`,
);
const host = fc.constantFrom('app.localhost', 'app.localhost', 'APP.localhost:80', 'two.localhost', 'nobody.localhost');
const lines = fc.array(
  fc.constantFrom(
    'accept-encoding: gzip',
    'rsc: 1',
    'x-ask: 1',
    'if-none-match: *',
    'range: bytes=1-3',
    `cookie: __anchor_dpl=${dpl(1)}`,
    `x-deployment-id: ${dpl(2)}`,
    'cookie: __prerender_bypass=secret',
    'next-action: x',
    'x-forwarded-for: 203.0.113.5',
    'x-request-id: 123456789',
    'connection: keep-alive',
    'user-agent: é"',
  ),
  { maxLength: 2 },
);
const request = fc
  .record({ method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'GET', 'HEAD'), path, host, lines })
  .map(
    (received) =>
      `${received.method} ${received.path} HTTP/1.1\r\nHost: ${received.host}\r\n${[...new Set(received.lines)].map((line) => `${line}\r\n`).join('')}\r\n`,
  );

/** Few different requests, so that most are repeats, mixed with the events that must invalidate a memoized response. */
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('ask' as const), which: fc.nat(2), from: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('switch', 'remove', 'purge', 'restore', 'age', 'reconnect'),
      which: fc.nat(2),
      from: fc.nat(2),
    }),
  },
);

const alike = ({ head, body }: RawResponse): RawResponse => ({
  head: head.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/\r\nDate: [^\r]*/gi, ''),
  body: body.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, 'NOW'),
});

test(
  'requests that repeat between switches, purges and removals get the same responses as from node:http',
  { timeout: 120_000 },
  async () => {
    const hits = async (): Promise<number> => (await own.status<{ repeats: { hits: number } }>()).repeats.hits;
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 3, maxLength: 3 }),
        fc.array(step, { minLength: 40, maxLength: 120, size: 'max' }),
        async (requests, steps) => {
          const dial = (bed: TestBed, from: number): TestClient =>
            new TestClient(bed.port, ['127.0.0.1', '127.0.0.2', '127.0.0.9'][from]);
          const clients = beds.map((bed) => [0, 1, 2].map((from) => dial(bed, from)));
          const start = beds.map((bed) => bed.clockOffsetMs);
          const logged = beds.map((bed) => bed.log.length);
          for (const [i, bed] of beds.entries()) {
            for (const name of ['app.localhost', 'two.localhost']) bed.route(name, dpl(1), artifacts[i]![0]!);
            for (const n of [1, 2, 3]) rmSync(join(bed.directory, `${dpl(n)}.tags`), { force: true });
          }
          for (const { do: what, which, from } of steps) {
            const responses = await Promise.all(
              beds.map(async (bed, i): Promise<RawResponse | undefined> => {
                const name = which === 0 ? 'two.localhost' : 'app.localhost';
                switch (what) {
                  case 'ask':
                    return alike(await clients[i]![from]!.raw(requests[which]!));
                  case 'switch':
                    return void bed.route(name, dpl(from + 1), artifacts[i]![from % 2]!, [
                      {
                        deploymentId: dpl(((from + 1) % 3) + 1),
                        artifact: artifacts[i]![1]!,
                        until: Date.now() + bed.clockOffsetMs + 5 * MINUTE,
                      },
                    ]);
                  case 'remove':
                    return void bed.routes.delete(name);
                  case 'purge':
                    return (
                      appendFileSync(
                        join(bed.directory, `${dpl(from + 1)}.tags`),
                        `${JSON.stringify({ tag: which === 0 ? 'u' : 't', at: Date.now() + bed.clockOffsetMs })}\n`,
                      ) ?? undefined
                    );
                  case 'restore':
                    return rmSync(join(bed.directory, `${dpl(from + 1)}.tags`), { force: true }) ?? undefined;
                  case 'age':
                    bed.clockOffsetMs += which * MINUTE;
                    return undefined;
                  case 'reconnect':
                    clients[i]![from]!.end();
                    clients[i]![from] = dial(bed, from);
                    return undefined;
                }
              }),
            );
            assert.deepEqual(responses[0], responses[1]);
          }
          for (const one of clients.flat()) one.end();
          const entries = beds.map((bed, i) =>
            bed.log.slice(logged[i]).map((entry) => ({ ...entry, at: 0, ms: 0, requestId: '' })),
          );
          assert.deepEqual(entries[0], entries[1]);
          for (const [i, bed] of beds.entries()) bed.clockOffsetMs = start[i]!;
        },
      ),
      { numRuns: 150, seed: 20261127 },
    );
    assert.ok((await hits()) > 500, `${await hits()} responses came from memory`);
  },
);
