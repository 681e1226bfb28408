import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { emitModules } from '@anchor/function-host/modules.ts';

let directory: string;
let preload: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  preload = join((await emitModules({ modules: join(directory, 'modules') })).runtimeDir, 'preload.cjs');
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
  /** Waits until the process has printed this, because output can arrive after its response. */
  says(pattern: RegExp): Promise<void>;
  /** Waits until it is so, or the process has exited. */
  until(check: () => Promise<boolean>): Promise<boolean>;
  get(path: string, id?: string, headers?: Record<string, string>): Promise<string>;
  stop(): Promise<number | null>;
}>;
const children = new Set<ChildProcess>();
let count = 0;

async function start(
  node: string,
  code: string,
  env: Record<string, string> = {},
  extension = 'mjs',
): Promise<Running> {
  const name = `server-${++count}`;
  const file = join(directory, `${name}.${extension}`);
  const socket = join(directory, `${name}.sock`);
  await writeFile(file, code);
  const child = spawn(node, [file], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: `--require=${preload}`,
      PORT: '3000',
      ANCHOR_SOCKET: socket,
      ...env,
    },
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');
  const became = await until(() => accepts(socket), child);
  if (!became) {
    child.kill('SIGKILL');
    throw new Error(`It does not listen:\n${output}`);
  }
  return {
    output: () => output,
    until: (check) => until(check, child),
    async says(pattern) {
      await until(async () => pattern.test(output), child);
      assert.match(output, pattern);
    },
    get: (path, id = 'req-1', headers = {}) =>
      new Promise((resolve, reject) => {
        const sent = request({ socketPath: socket, path, headers: { 'x-request-id': id, ...headers } }, (response) => {
          let text = '';
          response
            .setEncoding('utf8')
            .on('data', (part: string) => (text += part))
            .on('end', () => resolve(text))
            .on('error', reject);
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

/** A bound for a process that hangs, not for a busy machine: one that exits ends the wait at once. */
const HUNG_MS = 120_000;

/** Waits until it is so. Returns false when the process has exited or hangs. */
async function until(check: () => Promise<boolean>, child: ChildProcess): Promise<boolean> {
  const end = performance.now() + HUNG_MS;
  for (;;) {
    const exited = child.exitCode !== null || child.signalCode !== null;
    if (await check()) return true;
    if (exited || performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const accepts = (where: string | number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = (typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1'))
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .on('error', () => resolve(false));
  });

const PLAIN = `
  import { createServer } from 'node:http';
  const other = createServer(() => {}).listen(0, '127.0.0.1', () => console.log('other port', other.address().port > 0));
  const server = createServer((request, response) => {
    console.log('got', request.url);
    setTimeout(() => { console.warn('responding'); response.end('at ' + server.address()?.port); }, request.url === '/slow' ? 500 : 1);
  });
  LISTEN
`;

for (const node of nodes) {
  const which = node === process.execPath ? 'this Node' : 'an older Node';

  for (const [how, listen] of Object.entries({
    'a port from the environment': `server.listen(process.env.PORT);`,
    'a port and a host': `server.listen(3000, '0.0.0.0', () => console.log('up'));`,
    'digits with spaces': `server.listen(' 3000 ');`,
    'a port, a host and a backlog': `server.listen(3000, 'localhost', 64, () => console.log('up'));`,
    'a port and a backlog': `server.listen(3000, 64);`,
    'an object with digits': `server.listen({ port: '3000' });`,
    'an object whose path is false': `server.listen({ path: false, host: '0.0.0.0', port: process.env.PORT });`,
    'an object whose path is null': `server.listen({ path: null, port: 3000 });`,
    'an object whose path is empty': `server.listen({ path: '', port: 3000 });`,
    'an object with a path beside the port, which wins': `server.listen({ path: '/nowhere/x.sock', port: 3000 });`,
    'an exclusive port': `server.listen({ port: 3000, exclusive: true, reusePort: false });`,
    'an object with a signal': `server.listen({ port: 3000, signal: new AbortController().signal });`,
    'an object': `server.listen({ port: 3000, host: '::' }, () => console.log('up'));`,
  })) {
    test(`a server that listens on ${how} listens on the socket instead (${which})`, async () => {
      const server = await start(node, PLAIN.replace('LISTEN', listen));
      assert.equal(await server.get('/a', 'req-a'), 'at 3000');
      await server.says(/\x1ereq-a\x1finfo\x1fgot \/a\n/);
      await server.says(/\x1ereq-a\x1fwarn\x1fresponding\n/);
      await server.says(/^other port true$/m);
      assert.equal(await server.stop(), 0);
    });
  }

  test(`a server in a child process listens on the socket (${which})`, async () => {
    const inner = join(directory, `inner-${count}.mjs`);
    await writeFile(inner, PLAIN.replace('LISTEN', 'server.listen(process.env.PORT);'));
    const server = await start(
      node,
      `
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, [${JSON.stringify(inner)}], { stdio: 'inherit' });
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      child.on('exit', (code) => process.exit(code ?? 1));
    `,
    );
    assert.equal(await server.get('/b', 'req-b'), 'at 3000');
    await server.says(/\x1ereq-b\x1finfo\x1fgot \/b\n/);
    assert.equal(await server.stop(), 0);
  });

  test(`SIGTERM lets a slow response finish when the app does nothing about it (${which})`, async () => {
    const server = await start(node, PLAIN.replace('LISTEN', 'server.listen(3000);'));
    const slow = server.get('/slow');
    await server.get('/quick');
    while (!server.output().includes('got /slow')) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await server.stop(), 0);
    assert.match(await slow, /^at /);
  });

  test(`an app with a SIGTERM handler of its own decides itself (${which})`, async () => {
    const server = await start(
      node,
      `${PLAIN.replace('LISTEN', 'server.listen(3000);')}\nprocess.on('SIGTERM', () => process.exit(7));`,
    );
    assert.equal(await server.stop(), 7);
  });
}

test('a worker of a cluster shares the socket', async () => {
  const server = await start(
    process.execPath,
    `
    import cluster from 'node:cluster';
    import { createServer } from 'node:http';
    if (cluster.isPrimary) { cluster.fork(); cluster.fork(); process.on('SIGTERM', () => process.exit(0)); }
    else createServer((request, response) => response.end('worker')).listen(process.env.PORT);
  `,
  );
  assert.equal(await server.get('/'), 'worker');
  assert.equal(await server.stop(), 0);
});

/** A self-signed certificate, created for these tests: the platform never sends it. */
const { privateKey, certificate } = selfSigned();
const TLS = `{ key: ${JSON.stringify(privateKey)}, cert: ${JSON.stringify(certificate)} }`;

for (const [what, code] of Object.entries({
  'an https server': `import { createServer } from 'node:https'; createServer(${TLS}, (q, s) => s.end('ok ' + q.url)).listen(process.env.PORT);`,
  'an http2 server with TLS': `import { createSecureServer } from 'node:http2'; createSecureServer({ allowHTTP1: true, ...${TLS} }, (q, s) => s.end('ok ' + q.url)).listen(process.env.PORT);`,
  'an http2 server without HTTP/1': `import { createServer } from 'node:http2'; createServer((q, s) => s.end('ok ' + q.url)).listen(process.env.PORT);`,
  'a plain net server': `import { createServer } from 'node:net'; createServer((s) => s.once('data', (d) => s.end('HTTP/1.1 200 OK\\r\\ncontent-length: 5\\r\\nconnection: close\\r\\n\\r\\nok ' + String(d).split(' ')[1]))).listen({ port: process.env.PORT });`,
  'a server beside one on another port': `import { createServer } from 'node:http'; createServer((q, s) => s.end('metrics')).listen(0); createServer((q, s) => s.end('ok ' + q.url)).listen(process.env.PORT);`,
  'two servers for two address families': `import { createServer } from 'node:http'; createServer((q, s) => s.end('ok ' + q.url)).listen(3000, '127.0.0.2', () => createServer(() => {}).listen(3000, '127.0.0.3').on('error', () => {}));`,
})) {
  test(`${what} is reached`, async () => {
    const server = await start(process.execPath, code);
    let text = '';
    const responds = async (): Promise<boolean> => (text = await server.get('/x').catch(() => '')) !== '';
    await server.until(responds);
    assert.equal(text, 'ok /x');
    await server.stop();
  });
}

for (const [what, listen] of Object.entries({
  'a fixed port': 'listen(PORT)',
  'any port': 'listen(0)',
  'no port': 'listen()',
  'a socket of its own': 'listen(path)',
})) {
  test(`a server that listens on ${what} is found, and said so`, async () => {
    const fixed = await freePort();
    const server = await start(
      process.execPath,
      `
      import { createServer } from 'node:http';
      const path = ${JSON.stringify(join(directory, 'own.sock'))};
      createServer((q, s) => s.end('fixed ' + q.url)).${listen.replace('PORT', String(fixed))};
    `,
    );
    assert.equal(await server.get('/a'), 'fixed /a');
    await server.says(/It listens on .*, not on \$PORT \(3000\): requests are passed on to it/);
    assert.equal(await server.stop(), 0);
  });
}

test('a fixed port that was found once is taken at once the next time, until the server listens on $PORT', async () => {
  const cache = await mkdtemp(join(directory, 'cache-'));
  const fixed = await freePort();
  const code = `import { createServer } from 'node:http'; createServer((q, s) => s.end('fixed')).listen(${fixed});`;
  const first = await start(process.execPath, code, { ANCHOR_CACHE: cache });
  await first.says(/It listens on/);
  await first.stop();
  const second = await start(process.execPath, code, { ANCHOR_CACHE: cache });
  assert.equal(await second.get('/'), 'fixed');
  // Found after a wait, the server would listen on its own port first.
  assert.equal(await accepts(fixed), false, 'it waited again');
  await second.stop();
});

test('$PORT takes over from a port that was taken for it', async () => {
  const server = await start(
    process.execPath,
    `
    import { createServer } from 'node:http';
    createServer((q, s) => s.end('metrics')).listen(0);
    setTimeout(() => createServer((q, s) => s.end('site')).listen(process.env.PORT, () => console.log('site is up')), 3500);
  `,
  );
  await server.says(/site is up/);
  assert.equal(await server.get('/'), 'site');
  await server.stop();
});

test('port 80, which no function may listen on, is the site', async () => {
  const server = await start(
    process.execPath,
    `import { createServer } from 'node:http'; createServer((q, s) => s.end('eighty')).listen(80);`,
  );
  assert.equal(await server.get('/'), 'eighty');
  await server.stop();
});

test('a server action that Next passes on to itself sees the host of the visitor', async () => {
  const server = await start(
    process.execPath,
    `import { createServer } from 'node:http'; createServer((q, s) => s.end(q.headers.host)).listen(3000);`,
  );
  const headers = { host: 'localhost:3000', 'x-forwarded-host': 'shop.example' };
  assert.equal(await server.get('/', 'req-1', { ...headers, 'x-action-forwarded': '1' }), 'shop.example');
  assert.equal(await server.get('/', 'req-1', headers), 'localhost:3000');
  await server.stop();
});

test('output without a line end is not lost', async () => {
  const server = await start(
    process.execPath,
    `
    import { createServer } from 'node:http';
    createServer((request, response) => { process.stdout.write('half a '); process.stdout.write('line'); response.end('ok'); }).listen(3000);
  `,
  );
  await server.get('/', 'req-half');
  await server.says(/\x1ereq-half\x1finfo\x1fhalf a line\n/);
  await server.stop();
});

for (const node of nodes) {
  test(`${node}: programs that hook require, such as ts-node, read the entry`, async () => {
    const hook = join(directory, 'hook.cjs');
    await writeFile(
      hook,
      `require.extensions['.ts'] = (module, file) =>
        module._compile(require('node:fs').readFileSync(file, 'utf8').replace('enum Word { Hello }', "const Word = ['Hello'];"), file);`,
    );
    const code = `enum Word { Hello }
      const main = require.main === module;
      require('node:http').createServer((request, response) => response.end(Word[0] + ' ' + main)).listen(3000);`;
    const server = await start(node, code, { NODE_OPTIONS: `--require=${preload} --require=${hook}` }, 'ts');
    assert.equal(await server.get('/'), 'Hello true');
    assert.doesNotMatch(server.output(), /Warning/);
    assert.equal(await server.stop(), 0);
  });
}

for (const node of nodes) {
  test(`${node}: a program with a loader of its own listens on the socket`, async () => {
    const loader = join(directory, 'loader.mjs');
    await writeFile(loader, 'export const load = (url, context, next) => next(url, context);\n');
    const options = `--require=${preload} --no-warnings --loader=${loader}`;
    const server = await start(node, PLAIN.replace('LISTEN', 'server.listen(3000)'), { NODE_OPTIONS: options });
    assert.equal(await server.get('/'), 'at 3000');
    assert.equal(await server.stop(), 0);
  });
}

test('without a socket or a port nothing changes', async () => {
  const file = join(directory, 'untouched.mjs');
  await writeFile(
    file,
    `import { createServer } from 'node:http'; const server = createServer(() => {}).listen(0, () => { console.log(typeof server.address().port); server.close(); });`,
  );
  const child = spawn(process.execPath, [file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_OPTIONS: `--require=${preload}` },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = await once(child, 'close');
  assert.deepEqual([code, output], [0, 'number\n']);
});

function selfSigned(): Readonly<{ privateKey: string; certificate: string }> {
  const made = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      '-',
      '-out',
      '-',
      '-days',
      '2',
      '-subj',
      '/CN=test',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const part = (name: string): string =>
    new RegExp(`-----BEGIN ${name}-----[\\s\\S]*?-----END ${name}-----`).exec(made)?.[0] ?? '';
  return { privateKey: part('PRIVATE KEY'), certificate: part('CERTIFICATE') };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createNetServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
      });
  });
