import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createAuthority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
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
  await new Promise<void>((resolve) =>
    typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const probe = (port: number, sockets: readonly string[] = []) =>
  localEdgeProbe({ host: '127.0.0.1', port, controlSockets: () => sockets });

edgeProbeContract('edge over sockets', async () => {
  const folder = await temporaryDirectory();
  const control = join(folder.path, 'edge.sock');
  const served = new Map<string, Served>();
  const mine: Server[] = [];
  const hostOf = (header = ''): string => header.split(':', 1)[0] ?? '';
  const port = await listen(0, (request, response) => {
    const reply = served.get(hostOf(request.headers.host))?.respond(request.url ?? '') ?? { status: 404, body: '' };
    if (reply !== 'silent') response.writeHead(reply.status, { location: '/elsewhere' }).end(reply.body);
  });
  await listen(control, (request, response) => {
    const query = new URL(request.url ?? '', 'http://control').searchParams;
    response.end(
      JSON.stringify({ serving: served.get(query.get('host') ?? '')?.deploymentId === query.get('deployment') }),
    );
  });
  mine.push(...servers.slice(-2));
  const away = async (): Promise<void> => {
    await Promise.all(
      mine.splice(0).map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      ),
    );
  };
  return {
    subject: probe(port, [control]),
    serve: (name, what) => void served.set(name, what),
    away,
    end: async () => {
      await away();
      await folder.remove();
    },
  };
});

test("a request goes to the public port with the host's name, and redirects are not followed", async () => {
  const port = await listen(
    0,
    (req, res) => void res.writeHead(302, { location: '/elsewhere' }).end(`${req.headers.host} ${req.url}`),
  );
  assert.deepEqual(await probe(port).request(host, '/health?x=1', 2000), {
    ok: true,
    value: { status: 302, body: `app.localhost:${port} /health?x=1` },
  });
});

test('a request follows the redirect of the edge to HTTPS, and no redirect to another address', async () => {
  const keyPem = await generateKeyPem();
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 60_000 };
  const secure = createSecureServer(
    { key: keyPem, cert: await createAuthority('Test', keyPem, validity) },
    (req, res) => void res.writeHead(418).end(`${req.headers.host} ${req.url}`),
  );
  servers.push(secure);
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const address = secure.address();
  const httpsPort = typeof address === 'object' && address !== null ? address.port : 0;
  const locations: Readonly<Record<string, string>> = {
    '/same': `https://app.localhost:${httpsPort}/same`,
    '/path': `https://app.localhost:${httpsPort}/other`,
    '/host': `https://app.localhost.evil.example:${httpsPort}/host`,
    '/port': 'https://app.localhost:1/port',
  };
  const port = await listen(0, (req, res) => void res.writeHead(308, { location: locations[req.url ?? ''] }).end());
  const options = { host: '127.0.0.1', port, controlSockets: () => [] };
  const probed = localEdgeProbe({ ...options, httpsPort });
  assert.deepEqual(await probed.request(host, '/same', 2_000), {
    ok: true,
    value: { status: 418, body: `app.localhost:${httpsPort} /same` },
  });
  for (const path of ['/path', '/host', '/port'])
    assert.deepEqual(await probed.request(host, path, 2_000), { ok: true, value: { status: 308, body: '' } }, path);
  const plain = await localEdgeProbe(options).request(host, '/same', 2_000);
  assert.equal(plain.ok && plain.value.status, 308, 'there is no listener for HTTPS');
});

test('of a long response only the start is read', async () => {
  const port = await listen(0, (_req, res) => void res.end('x'.repeat(1_000_000)));
  const result = await probe(port).request(host, '/', 2000);
  assert.equal(result.ok && result.value.body.length, 4096);
});

test('an edge that is silent or away is an error with that reason', async () => {
  const port = await listen(0, () => undefined);
  const silent = await probe(port).request(host, '/', 100);
  assert.equal(!silent.ok && silent.error.code, 'verification_failed');
  assert.equal(!silent.ok && silent.error.cause, 'timed out');
  const away = await probe(1).request(host, '/', 1000);
  assert.match((!away.ok && away.error.cause) || '', /ECONNREFUSED/);
});

test('the wait ends when every worker that runs serves the deployment, also one of the release before', async () => {
  let late = true;
  const requested: string[] = [];
  const one = join(directory, 'one.sock');
  const two = join(directory, 'two.sock');
  await listen(one, (req, res) => {
    requested.push(req.url ?? '');
    if (req.url?.startsWith('/serving') === true) return void res.writeHead(404).end();
    res.end('{"settled":true}');
  });
  await listen(two, (_req, res) => {
    res.end(JSON.stringify({ serving: !late }));
    late = false;
  });
  assert.deepEqual(await probe(1, [one, two, join(directory, 'gone.sock')]).waitUntilServing(host, 'dpl_1', 3000), {
    ok: true,
    value: undefined,
  });
  const query = 'host=app.localhost&deployment=dpl_1';
  assert.deepEqual(requested, [`/serving?${query}`, `/settled?${query}`, `/serving?${query}`, `/settled?${query}`]);
});

test('a worker that stays behind, or none at all, is an error after the time', async () => {
  const behind = join(directory, 'behind.sock');
  await listen(behind, (_req, res) => void res.end('{"serving":false}'));
  const late = await probe(1, [behind]).waitUntilServing(host, 'dpl_1', 80);
  assert.match((!late.ok && late.error.message) || '', /1 of 1 edge workers/);
  const none = await probe(1, [join(directory, 'gone.sock')]).waitUntilServing(host, 'dpl_1', 80);
  assert.equal(!none.ok && none.error.message, 'No edge worker is running.');
});
