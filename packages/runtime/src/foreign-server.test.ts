import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { emitModules } from '@anchor/function-host/modules.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
}

/** Starts a program behind it, which knows nothing of the socket. */
async function start(
  t: TestContext,
  code: string,
): Promise<Readonly<{ child: ChildProcess; socket: string; port: number; log: () => string }>> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  const { runtimeDir } = await emitModules({ modules: join(directory, 'modules') });
  const [socket, port] = [join(directory, 'fn.sock'), await freePort()];
  await writeFile(join(directory, 'server.mjs'), code);
  const child = spawn(
    process.execPath,
    [join(runtimeDir, 'foreign-server.js'), process.execPath, join(directory, 'server.mjs')],
    { detached: true, env: { PATH: process.env['PATH'], ANCHOR_SOCKET: socket, PORT: String(port) } },
  );
  let log = '';
  child.stdout.on('data', (bytes: Buffer) => (log += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
  t.after(async () => {
    try {
      process.kill(-(child.pid ?? assert.fail()), 'SIGKILL'); // with the program that it runs
    } catch {
      // all have exited
    }
    await rm(directory, { recursive: true, force: true });
  });
  return { child, socket, port, log: () => log };
}

const get = (socketPath: string, path: string, body = ''): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false, method: body === '' ? 'GET' : 'POST' }, (response) => {
      let text = '';
      response
        .on('data', (bytes: Buffer) => (text += bytes.toString()))
        .on('end', () => resolve(text))
        .on('error', reject);
    })
      .on('error', reject)
      .end(body);
  });
const ready = (socket: string): Promise<unknown> => eventually(() => get(socket, '/'), 20_000);

const SERVER = `
  import { createServer } from 'node:http';
  let release;
  createServer((request, response) => {
    if (request.url === '/slow') return void (release = () => response.end('slow'));
    if (request.url === '/release') release?.();
    if (request.url === '/state') return response.end(release === undefined ? 'free' : 'waits');
    let bytes = 0;
    request.on('data', (chunk) => (bytes += chunk.length)).on('end', () => response.end('got ' + bytes));
  }).listen(process.env.PORT, '127.0.0.1', () => console.log('listens'));
`;

test('connections reach the program, bodies of any size included', async (t) => {
  const { socket } = await start(t, SERVER);
  await ready(socket);
  assert.equal(await get(socket, '/'), 'got 0');
  assert.equal(await get(socket, '/', 'x'.repeat(3_000_000)), 'got 3000000');
});

test('SIGTERM lets the program finish its request, and then ends it', async (t) => {
  const { child, socket, port } = await start(t, SERVER);
  await ready(socket);
  const slow = get(socket, '/slow');
  const exited = once(child, 'exit');
  await eventually(async () => assert.equal(await get(socket, '/state'), 'waits'));
  child.kill('SIGTERM');
  await eventually(() => assert.rejects(get(socket, '/')));
  await fetch(`http://127.0.0.1:${port}/release`);
  assert.equal(await slow, 'slow');
  assert.deepEqual(await exited, [143, null]);
});

test('the exit code of the program is its own, and so is the socket of a program that makes one', async (t) => {
  const failed = await start(t, 'console.error("no database"); process.exit(3);');
  assert.deepEqual(await once(failed.child, 'exit'), [3, null]);
  assert.match(failed.log(), /no database/);
  const own = await start(
    t,
    `import { createServer } from 'node:http';
     createServer((request, response) => response.end('own')).listen(process.env.ANCHOR_SOCKET);`,
  );
  await ready(own.socket);
  await eventually(async () => assert.equal(await get(own.socket, '/'), 'own'), 20_000);
});
