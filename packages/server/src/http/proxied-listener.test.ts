import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { must, openServer } from '../fixtures/open-server.ts';
import type { AccessLine } from './access.ts';

async function setUp(t: TestContext) {
  const directory = await temporaryDirectory();
  const lines: AccessLine[] = [];
  const opened = await openServer(t, { access: (line) => lines.push(line) });
  t.after(directory.remove);
  const path = join(directory.path, 'api.sock');
  must(await opened.server.listenProxied(path));
  return { ...opened, path, lines };
}

/** Sends raw bytes and returns everything until the server closes. */
const exchange = (path: string, ...parts: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path, () => parts.forEach((part) => socket.write(part)));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });

const HEALTH = 'GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

test("the client's address comes from the header, however its bytes are cut", async (t) => {
  const { path, lines } = await setUp(t);
  const header = 'PROXY TCP4 198.51.100.7 0.0.0.0 0 0\r\n';
  assert.match(await exchange(path, header + HEALTH), /^HTTP\/1\.1 200/);
  assert.match(await exchange(path, ...header, ...HEALTH), /^HTTP\/1\.1 200/);
  assert.match(await exchange(path, 'PROXY TCP6 2001:db8::7 :: 0 0\r\n', HEALTH), /^HTTP\/1\.1 200/);
  assert.match(await exchange(path, 'PROXY UNKNOWN\r\n', HEALTH), /^HTTP\/1\.1 200/);
  assert.deepEqual(
    lines.map(({ ip }) => ip),
    ['198.51.100.7', '198.51.100.7', '2001:db8::7', ''],
  );
});

test('a connection without a header, or with another one, is closed', async (t) => {
  const { path } = await setUp(t);
  for (const bytes of [HEALTH, 'x'.repeat(200), 'PROXY TCP4 1.2.3.4\r\n', '\r\n'])
    assert.equal(await exchange(path, bytes), '');
});

test('every path refuses a host name that the API is not reached under, against DNS rebinding', async (t) => {
  const { port, project } = await setUp(t);
  const { project: shop, deployHookSecret } = await project('shop');
  const paths = [
    '/api/health',
    '/api/openapi.json',
    `/webhooks/github/${shop.id}`,
    `/hooks/${shop.id}/${deployHookSecret}`,
    '/git/shop.git/info/refs?service=git-upload-pack',
  ];
  for (const path of paths)
    for (const method of ['GET', 'POST'])
      for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:7400']) {
        const status = await new Promise<number | undefined>((resolve, reject) => {
          const sent = request({ port, path, method, headers: { host } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          sent.on('error', reject).end();
        });
        assert.equal(status, 403, `${method} ${path} with host ${host}`);
      }
});
