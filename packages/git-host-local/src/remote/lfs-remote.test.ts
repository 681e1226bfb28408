import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually, openServer, type OpenServer } from '@anchor/server/fixtures/open-server.ts';

const oidOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const basic = (token: string): string => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
type BatchResponse = {
  transfer: string;
  objects: {
    oid: string;
    error?: { code: number; message: string };
    actions?: Record<string, { href: string; header: Record<string, string> }>;
  }[];
};

async function batch(
  server: OpenServer,
  token: string,
  operation: string,
  objects: readonly Readonly<{ oid: string; size: number }>[],
  project = 'shop',
): Promise<Readonly<{ status: number; body: BatchResponse }>> {
  const response = await fetch(`${server.url}/git/${project}.git/info/lfs/objects/batch`, {
    method: 'POST',
    body: JSON.stringify({
      operation,
      transfers: ['lfs-standalone-file', 'basic'],
      objects,
      ref: { name: 'refs/heads/main' },
      hash_algo: 'sha256',
    }),
    headers: {
      authorization: basic(token),
      accept: 'application/vnd.git-lfs+json',
      'content-type': 'application/vnd.git-lfs+json; charset=utf-8',
    },
  });
  return { status: response.status, body: (await response.json()) as BatchResponse };
}

test('a file of Git LFS is sent as git-lfs sends it, is there afterwards, and is not requested again', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const token = await server.token('deploy', project.id);
  const image = randomBytes(200_000);
  const object = { oid: oidOf(image), size: image.length };
  const before = await batch(server, token, 'download', [object]);
  assert.equal(before.body.objects[0]?.error?.code, 404);
  const offered = await batch(server, token, 'upload', [object]);
  const action = offered.body.objects[0]?.actions?.['upload'];
  assert.ok(action !== undefined, JSON.stringify(offered));
  assert.equal(offered.body.transfer, 'basic');
  const sent = await fetch(action.href, {
    method: 'PUT',
    body: image,
    headers: { ...action.header, 'content-type': 'application/octet-stream' },
  });
  assert.equal(sent.status, 200);
  assert.equal((await batch(server, token, 'upload', [object])).body.objects[0]?.actions, undefined);
  const found = (await batch(server, await server.token('read'), 'download', [object])).body.objects[0]?.actions?.[
    'download'
  ];
  assert.ok(found !== undefined);
  assert.deepEqual(Buffer.from(await (await fetch(found.href, { headers: found.header })).arrayBuffer()), image);
  assert.deepEqual(await readdir(join(server.paths.repository(project.id), 'lfs', 'tmp')), []);
});

test('content that does not match its name, or is longer, is not stored', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const image = randomBytes(1_000);
  const put = (body: Buffer): Promise<Response> =>
    fetch(`${server.url}/git/shop.git/info/lfs/objects/${oidOf(image)}`, {
      method: 'PUT',
      body: new Uint8Array(body),
      headers: { authorization: basic(server.admin) },
    });
  assert.equal((await put(randomBytes(1_000))).status, 422);
  assert.equal((await put(randomBytes(10))).status, 422);
  assert.equal(
    (await batch(server, server.admin, 'download', [{ oid: oidOf(image), size: 1_000 }])).body.objects[0]?.error?.code,
    404,
  );
  assert.deepEqual(await readdir(join(server.paths.repository(project.id), 'lfs', 'tmp')), []);
});

test('files above the limit of the repository are refused in the batch and at the upload', async (t) => {
  const server = await openServer(t, { repositoryMb: 1 });
  await server.project('shop');
  const image = randomBytes(1_500_000);
  const object = { oid: oidOf(image), size: image.length };
  const { body } = await batch(server, server.admin, 'upload', [object]);
  assert.equal(body.objects[0]?.error?.code, 507);
  assert.match(body.objects[0]?.error?.message ?? '', /its limit is 1 MB\. .*--repository-mb/);
  const response = await fetch(`${server.url}/git/shop.git/info/lfs/objects/${object.oid}`, {
    method: 'PUT',
    body: image,
    headers: { authorization: basic(server.admin) },
  });
  assert.equal(response.status, 413);
});

test('reading needs a token that may see the project, and writing scope deploy', async (t) => {
  const server = await openServer(t);
  await server.project('shop');
  const { project: other } = await server.project('other');
  const object = { oid: 'a'.repeat(64), size: 1 };
  assert.equal((await batch(server, await server.token('read'), 'upload', [object])).status, 403);
  assert.equal((await batch(server, await server.token('deploy', other.id), 'download', [object])).status, 404);
  assert.equal((await fetch(`${server.url}/git/shop.git/info/lfs/objects/${object.oid}`)).status, 401);
  assert.equal(
    (
      await fetch(`${server.url}/git/shop.git/info/lfs/objects/${object.oid}`, {
        method: 'PUT',
        body: 'x',
        headers: { authorization: basic(await server.token('read')) },
      })
    ).status,
    403,
  );
  for (const path of ['locks/verify', 'objects/../../HEAD', `objects/${'A'.repeat(64)}`])
    assert.equal(
      (
        await fetch(`${server.url}/git/shop.git/info/lfs/${path}`, {
          method: 'POST',
          body: '{}',
          headers: { authorization: basic(server.admin) },
        })
      ).status,
      404,
    );
  const bad = await fetch(`${server.url}/git/shop.git/info/lfs/objects/batch`, {
    method: 'POST',
    body: '{"operation":"upload","objects":[{"oid":"../x","size":-1}]}',
    headers: { authorization: basic(server.admin) },
  });
  assert.equal(bad.status, 422);
});

test('an aborted upload leaves nothing, and uploads of one project do not take the slots of all', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  await server.project('other');
  const sockets = Array.from({ length: 10 }, () => connect(server.port, '127.0.0.1'));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const responses: string[] = [];
  for (const [n, socket] of sockets.entries()) {
    socket.on('error', () => undefined).on('data', (chunk) => responses.push(chunk.toString()));
    socket.write(
      `PUT /git/shop.git/info/lfs/objects/${String(n).repeat(64)} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${basic(server.admin)}\r\ncontent-length: 1000\r\n\r\nhalf`,
    );
  }
  await eventually(
    'two are refused',
    () => responses.filter((response) => response.startsWith('HTTP/1.1 429')).length === 2 || undefined,
  );
  const object = { oid: oidOf(Buffer.from('x')), size: 1 };
  assert.equal(
    (
      await fetch(`${server.url}/git/other.git/info/lfs/objects/${object.oid}`, {
        method: 'PUT',
        body: 'x',
        headers: { authorization: basic(server.admin) },
      })
    ).status,
    200,
  );
  const left = async (): Promise<number> =>
    (await readdir(join(server.paths.repository(project.id), 'lfs', 'tmp'))).length;
  await eventually('eight are in flight', async () => (await left()) === 8 || undefined);
  sockets.forEach((socket) => socket.destroy());
  await eventually('nothing is left', async () => (await left()) === 0 || undefined);
});

test('batches that are never sent whole do not pile up: a project has four at once', async (t) => {
  const server = await openServer(t);
  await server.project('shop');
  await server.project('other');
  const sockets = Array.from({ length: 6 }, () => connect(server.port, '127.0.0.1'));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const responses: string[] = [];
  for (const socket of sockets) {
    socket.on('error', () => undefined).on('data', (chunk) => responses.push(chunk.toString()));
    socket.write(
      `POST /git/shop.git/info/lfs/objects/batch HTTP/1.1\r\nhost: localhost\r\nauthorization: ${basic(server.admin)}\r\ncontent-length: 1000\r\n\r\n{`,
    );
  }
  await eventually(
    'two are refused',
    () => responses.filter((response) => response.startsWith('HTTP/1.1 429')).length === 2 || undefined,
  );
  assert.equal((await batch(server, server.admin, 'download', [], 'other')).status, 200);
  sockets.forEach((socket) => socket.destroy());
  await eventually(
    'their places are free',
    async () => (await batch(server, server.admin, 'download', [])).status === 200 || undefined,
  );
});
