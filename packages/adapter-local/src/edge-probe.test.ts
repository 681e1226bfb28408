import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { HostName } from '@anchor/core/names/name.ts';
import { edgeProbeContract, type Served } from '@anchor/testing/contracts/edge-probe.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { localEdgeProbe } from './edge-probe.ts';

const directory = mkdtempSync(join(tmpdir(), 'anchor-test-probe-'));
const servers: Server[] = [];
const host = 'app.localhost' as HostName;

after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(directory, { recursive: true });
});

async function listen(at: number | string, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => (typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve)));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const probe = (port: number, sockets: readonly string[] = []) => localEdgeProbe({ host: '127.0.0.1', port, controlSockets: () => sockets });

edgeProbeContract('edge over sockets', async () => {
  const folder = await temporaryDirectory();
  const control = join(folder.path, 'edge.sock');
  const served = new Map<string, Served>();
  const mine: Server[] = [];
  const hostOf = (header = ''): string => header.split(':', 1)[0] ?? '';
  const port = await listen(0, (request, response) => {
    const answer = served.get(hostOf(request.headers.host))?.answer(request.url ?? '') ?? { status: 404, body: '' };
    if (answer !== 'silent') response.writeHead(answer.status, { location: '/elsewhere' }).end(answer.body);
  });
  await listen(control, (request, response) => {
    const asked = new URL(request.url ?? '', 'http://control').searchParams;
    response.end(JSON.stringify({ settled: served.get(asked.get('host') ?? '')?.deploymentId === asked.get('deployment') }));
  });
  mine.push(...servers.slice(-2));
  const away = async (): Promise<void> => {
    await Promise.all(mine.splice(0).map((server) => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    })));
  };
  return {
    subject: probe(port, [control]), serve: (name, what) => void served.set(name, what), away,
    end: async () => {
      await away();
      await folder.remove();
    },
  };
});

test('a request goes to the public port with the host\'s name, and redirects are not followed', async () => {
  const port = await listen(0, (req, res) => void res.writeHead(302, { location: '/elsewhere' }).end(`${req.headers.host} ${req.url}`));
  assert.deepEqual(await probe(port).request(host, '/health?x=1', 2000), { ok: true, value: { status: 302, body: `app.localhost:${port} /health?x=1` } });
});

test('of a long answer only the beginning is read', async () => {
  const port = await listen(0, (_req, res) => void res.end('x'.repeat(1_000_000)));
  const answer = await probe(port).request(host, '/', 2000);
  assert.equal(answer.ok && answer.value.body.length, 4096);
});

test('an edge that is silent or away is an error that says so', async () => {
  const port = await listen(0, () => undefined);
  const silent = await probe(port).request(host, '/', 100);
  assert.equal(!silent.ok && silent.error.code, 'verification_failed');
  assert.equal(!silent.ok && silent.error.cause, 'timed out');
  const away = await probe(1).request(host, '/', 1000);
  assert.match((!away.ok && away.error.cause) || '', /ECONNREFUSED/);
});

test('it is settled when every worker that runs says so', async () => {
  let late = true;
  const asked: string[] = [];
  const one = join(directory, 'one.sock');
  const two = join(directory, 'two.sock');
  await listen(one, (req, res) => {
    asked.push(req.url ?? '');
    res.end('{"settled":true}');
  });
  await listen(two, (_req, res) => {
    res.end(JSON.stringify({ settled: !late }));
    late = false;
  });
  assert.deepEqual(await probe(1, [one, two, join(directory, 'gone.sock')]).settled(host, 'dpl_1', 3000), { ok: true, value: undefined });
  assert.deepEqual(asked, ['/settled?host=app.localhost&deployment=dpl_1', '/settled?host=app.localhost&deployment=dpl_1']);
});

test('a worker that stays behind, or none at all, is an error after the time', async () => {
  const behind = join(directory, 'behind.sock');
  await listen(behind, (_req, res) => void res.end('{"settled":false}'));
  const late = await probe(1, [behind]).settled(host, 'dpl_1', 80);
  assert.match((!late.ok && late.error.message) || '', /1 of 1 edge workers/);
  const none = await probe(1, [join(directory, 'gone.sock')]).settled(host, 'dpl_1', 80);
  assert.equal(!none.ok && none.error.message, 'No edge worker is running.');
});
