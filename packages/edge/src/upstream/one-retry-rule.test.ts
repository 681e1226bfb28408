import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';

/** The one rule of retries, for every request of the edge to functions. */
const bed = new TestBed({ startMs: 5_000 });
const servers: Server[] = [];
let count = 100;

before(() => bed.start());
after(async () => {
  for (const server of servers) server.close();
  await bed.stop();
});

/** A site with a page in two parts and a page that is stale. */
function site(): { id: DeploymentId; host: string } {
  const id = dpl(count++);
  const host = `d${count}.localhost`;
  const prerenders = {
    '/shell': bed.page('<html>', { partial: true, postponed: bed.put('{state}') }),
    '/stale': bed.page('stale', { revalidate: 1, group: 2 }),
  };
  bed.route(host, id, bed.artifact({ function: true, builtAt: Date.now() - 60_000, prerenders }));
  return { id, host };
}

/** An instance that sends `bytes` of a response to each request, and then ends its connection. */
async function closesAfter(id: DeploymentId, bytes: string): Promise<{ requests: number }> {
  const seen = { requests: 0 };
  const path = join(bed.directory, `closes-${servers.length}.sock`);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      seen.requests++;
      socket.end(bytes);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  bed.functions.name(id, { kind: 'unix', path, instance: `closes${servers.length}` });
  return seen;
}

/** Instances whose process is gone: nothing listens, but the host still names them. */
function nameDead(id: DeploymentId, instances: number): void {
  for (let i = 0; i < instances; i++)
    bed.functions.name(id, { kind: 'unix', path: join(bed.directory, `none-${id}-${i}.sock`), instance: `none-${i}` });
}

/** Left to node:http, with the whole connection. */
const NODE = { 'proxy-connection': 'close' };
const clients: Readonly<Record<string, (host: string) => Promise<unknown>>> = {
  "the edge's own reader": (host) => bed.get('/x', { host }),
  'node:http': (host) => bed.get('/x', { host, headers: NODE }),
  'a page in two parts': (host) => bed.get('/shell', { host }),
  'a page in two parts, through node:http': (host) => bed.get('/shell', { host, headers: NODE }),
  'a WebSocket': (host) =>
    bed.raw(`GET /ws HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`),
};

for (const [name, send] of Object.entries(clients)) {
  test(`${name}: nothing is resent once any of a response has arrived, an early hint included`, async () => {
    for (const bytes of ['HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n', 'HTTP/1.1 2']) {
      const { id, host } = site();
      const seen = await closesAfter(id, bytes);
      await send(host).catch(() => undefined);
      assert.equal(seen.requests, 1, JSON.stringify(bytes));
    }
  });

  test(`${name}: however many attempts a request takes, they leave no listeners on its connection`, async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning.message);
    process.on('warning', onWarning);
    const { id, host } = site();
    nameDead(id, 14);
    bed.functions.starting = async () => {
      bed.functions.starting = async () => {
        bed.functions.upstreams.delete(id);
        await bed.serve(id, (_, res) => void res.end('alive'));
      };
    };
    await send(host);
    bed.functions.starting = () => Promise.resolve();
    process.removeListener('warning', onWarning);
    assert.deepEqual(warnings, []);
  });
}

test('a revalidation finds the next instance, too', async () => {
  const { id, host } = site();
  nameDead(id, 1);
  let revalidations = 0;
  await bed.serve(id, (_, res) => {
    revalidations++;
    res.end();
  });
  assert.equal((await bed.get('/stale', { host })).text, 'stale');
  await eventually(() => revalidations === 1);
});
