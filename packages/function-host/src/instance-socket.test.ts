import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { until } from '@anchor/testing/until.ts';
import { InstanceSocket } from './instance-socket.ts';
import { closeSocketDirectory, openSocketDirectory } from './socket-directory.ts';

async function listening(t: TestContext) {
  const temporary = await temporaryDirectory();
  const sockets = await openSocketDirectory({ run: temporary.path }, 'prj_1');
  const socket = await InstanceSocket.create(sockets, 'fn-1');
  const server = createServer((client) => client.destroy()).listen(socket.inner);
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    await socket.remove();
    await closeSocketDirectory(sockets);
    await temporary.remove();
  });
  return { sockets, socket, server };
}

test('a server that listens again under the same name is published again', async (t) => {
  const { socket, server } = await listening(t);
  assert.ok(await socket.publish());
  const before = statSync(socket.path).ino;
  server.close();
  await once(server, 'close');
  server.listen(socket.inner);
  await once(server, 'listening');
  await until('the new one is published', () => statSync(socket.path).ino !== before);
});

test('a directory that changes ten thousand times costs a few turns, and a new socket is still found', async (t) => {
  const { sockets, socket, server } = await listening(t);
  assert.ok(sockets.bounded);
  assert.ok(await socket.publish());
  const before = process.cpuUsage();
  let turns = 0;
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 100; i++) {
      writeFileSync(join(socket.directory, `x${i % 50}`), '');
      rmSync(join(socket.directory, `x${i % 50}`));
    }
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  const flooding = process.cpuUsage(before);
  assert.equal(turns, 100);
  assert.ok(
    (flooding.user + flooding.system) / 1_000 < 5_000,
    `${(flooding.user + flooding.system) / 1_000} ms, the flood itself included`,
  );
  const old = statSync(socket.path).ino;
  server.close();
  await once(server, 'close');
  server.listen(socket.inner);
  await once(server, 'listening');
  await until('the new one is published', () => statSync(socket.path).ino !== old);
});
