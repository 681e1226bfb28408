import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { emitModules } from '@anchor/adapter-local/modules.ts';

let directory: string;
let preload: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  preload = join((await emitModules({ modules: join(directory, 'modules') })).runtimeDir, 'preload.js');
});
after(async () => {
  // A test that failed did not get to stop its server.
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

/** The Node that runs the tests, and the oldest that a project may choose where it is installed. */
const older = ['/usr/local/bin/node', '/usr/bin/node'].find((path) => existsSync(path));
const nodes = [process.execPath, ...(older === undefined ? [] : [older])];

type Running = Readonly<{
  output(): string;
  /** Waits until it has printed this: what a process prints can arrive after its answer. */
  says(pattern: RegExp): Promise<void>;
  get(path: string, id?: string): Promise<string>; stop(): Promise<number | null> }>;
const children = new Set<ChildProcess>();
let count = 0;

async function start(node: string, code: string, env: Record<string, string> = {}): Promise<Running> {
  const name = `server-${++count}`;
  const file = join(directory, `${name}.mjs`);
  const socket = join(directory, `${name}.sock`);
  await writeFile(file, code);
  const child = spawn(node, [file], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], NODE_OPTIONS: `--import=${preload}`, PORT: '3000', ANCHOR_SOCKET: socket, ...env } });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');
  const deadline = Date.now() + 15_000;
  while (!(await accepts(socket))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`It does not listen:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    output: () => output,
    async says(pattern) {
      const until = Date.now() + 10_000;
      while (!pattern.test(output) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.match(output, pattern);
    },
    get: (path, id = 'req-1') => new Promise((resolve, reject) => {
      const sent = request({ socketPath: socket, path, headers: { 'x-request-id': id } }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(text)).on('error', reject);
      });
      sent.on('error', reject).end();
    }),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code as number | null;
    },
  };
}

const accepts = (path: string): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(path, () => {
    socket.destroy();
    resolve(true);
  }).on('error', () => resolve(false));
});

const PLAIN = `
  import { createServer } from 'node:http';
  const other = createServer(() => {}).listen(0, '127.0.0.1', () => console.log('other port', other.address().port > 0));
  const server = createServer((request, response) => {
    console.log('asked for', request.url);
    setTimeout(() => { console.warn('answering'); response.end('at ' + server.address()?.port); }, request.url === '/slow' ? 500 : 1);
  });
  LISTEN
`;

for (const node of nodes) {
  const which = node === process.execPath ? 'this Node' : 'an older Node';

  for (const [how, listen] of Object.entries({
    'a port from the environment': `server.listen(process.env.PORT);`,
    'a port and a host': `server.listen(3000, '0.0.0.0', () => console.log('up'));`,
    'an object': `server.listen({ port: 3000, host: '::' }, () => console.log('up'));`,
  })) {
    test(`a server that listens on ${how} listens on the socket instead (${which})`, async () => {
      const server = await start(node, PLAIN.replace('LISTEN', listen));
      assert.equal(await server.get('/a', 'req-a'), 'at 3000');
      await server.says(/\x1ereq-a\x1finfo\x1fasked for \/a\n/);
      await server.says(/\x1ereq-a\x1fwarn\x1fanswering\n/);
      await server.says(/^other port true$/m);
      assert.equal(await server.stop(), 0);
    });
  }

  test(`a server in a child process listens on the socket (${which})`, async () => {
    const inner = join(directory, `inner-${count}.mjs`);
    await writeFile(inner, PLAIN.replace('LISTEN', 'server.listen(process.env.PORT);'));
    const server = await start(node, `
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, [${JSON.stringify(inner)}], { stdio: 'inherit' });
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      child.on('exit', (code) => process.exit(code ?? 1));
    `);
    assert.equal(await server.get('/b', 'req-b'), 'at 3000');
    await server.says(/\x1ereq-b\x1finfo\x1fasked for \/b\n/);
    assert.equal(await server.stop(), 0);
  });

  test(`SIGTERM lets a slow answer finish when the app does nothing about it (${which})`, async () => {
    const server = await start(node, PLAIN.replace('LISTEN', 'server.listen(3000);'));
    const slow = server.get('/slow');
    await server.get('/quick');
    while (!server.output().includes('asked for /slow')) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await server.stop(), 0);
    assert.match(await slow, /^at /);
  });

  test(`an app with a SIGTERM handler of its own decides itself (${which})`, async () => {
    const server = await start(node, `${PLAIN.replace('LISTEN', 'server.listen(3000);')}\nprocess.on('SIGTERM', () => process.exit(7));`);
    assert.equal(await server.stop(), 7);
  });
}

test('a worker of a cluster shares the socket', async () => {
  const server = await start(process.execPath, `
    import cluster from 'node:cluster';
    import { createServer } from 'node:http';
    if (cluster.isPrimary) { cluster.fork(); cluster.fork(); process.on('SIGTERM', () => process.exit(0)); }
    else createServer((request, response) => response.end('worker')).listen(process.env.PORT);
  `);
  assert.equal(await server.get('/'), 'worker');
  assert.equal(await server.stop(), 0);
});

test('output without a line end is not lost', async () => {
  const server = await start(process.execPath, `
    import { createServer } from 'node:http';
    createServer((request, response) => { process.stdout.write('half a '); process.stdout.write('line'); response.end('ok'); }).listen(3000);
  `);
  await server.get('/', 'req-half');
  const end = Date.now() + 5_000;
  while (!/\x1ereq-half\x1finfo\x1fhalf a line\n/.test(server.output())) {
    assert.ok(Date.now() < end, JSON.stringify(server.output()));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await server.stop();
});

test('without a socket or a port nothing changes', async () => {
  const file = join(directory, 'untouched.mjs');
  await writeFile(file, `import { createServer } from 'node:http'; const server = createServer(() => {}).listen(0, () => { console.log(typeof server.address().port); server.close(); });`);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'], NODE_OPTIONS: `--import=${preload}` } });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = await once(child, 'close');
  assert.deepEqual([code, output], [0, 'number\n']);
});
