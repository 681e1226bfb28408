import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { functionHostContract } from '@anchor/testing/contracts/function-host.ts';
import { requestUpstream } from '@anchor/testing/clients/function-client.ts';
import { until } from '@anchor/testing/until.ts';
import { TestBed } from '@anchor/edge/testing/test-bed.ts';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import { FunctionHostClient } from './client.ts';
import { createFunctionHostServer } from './server.ts';
import type { FunctionHostSettings } from './settings.ts';
import { must, openTestingHome } from './fixtures/testing-home.ts';

async function open(settings: Partial<FunctionHostSettings> = {}) {
  const home = await openTestingHome({ leaseMs: 400, graceMs: 200, ...settings });
  const server = must(await createFunctionHostServer(home.ports));
  const host = new FunctionHostClient(home.paths.hostSocket);
  const close = async (): Promise<void> => {
    host.close();
    await server.close();
    await home.remove();
  };
  return { home, host, server, close };
}

async function started(t: TestContext, settings: Partial<FunctionHostSettings> = {}) {
  const { close, ...rest } = await open(settings);
  t.after(close);
  return rest;
}

async function get(
  host: FunctionHostClient,
  deployment: DeploymentId,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const lease = must(await host.acquire(deployment));
  return (await requestUpstream(lease.upstreams[0]!, path, { headers })).body;
}

const instancesOf = async (host: FunctionHostClient, deployment: DeploymentId) =>
  must(await host.status()).instances.filter((instance) => instance.deployment === deployment);

functionHostContract('sandboxed processes', async () => {
  const { home, host, close } = await open({ backoffFirstMs: 100 });
  const functions = { idleSeconds: 0.5, timeoutSeconds: 7, concurrency: 2, maxInstances: 3, drainSeconds: 5 };
  const healthy = await home.deploy({ functions });
  const broken = await home.deploy({ functions, variables: { MODE: 'broken' } });
  return { host, healthy, broken, close, running: async () => (await instancesOf(host, healthy)).length };
});

test(
  "the project's own time limit for requests holds at the edge, and another project has another",
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const bed = new TestBed();
    t.after(() => bed.stop());
    bed.functions.acquire = (id) => host.acquire(id);
    bed.functions.touch = (use) => host.touch(use);
    await bed.start();
    bed.route(
      'hasty.localhost',
      await home.deploy({ functions: { timeoutSeconds: 1 } }),
      bed.artifact({ function: true }),
    );
    bed.route('patient.localhost', await home.deploy(), bed.artifact({ function: true }));
    const get = (host: string) => bed.get('/slow?ms=2500', { host, headers: { accept: 'application/json' } });
    const [hasty, patient] = await Promise.all([get('hasty.localhost'), get('patient.localhost')]);
    assert.deepEqual([hasty.status, patient.status, patient.text], [504, 200, 'slow']);
    assert.match(hasty.text, /within 1 second/);
  },
);

test(
  'a function that ends while starting reports how, with its last lines, and without its secrets',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const deployment = await home.deploy({
      variables: { MODE: 'broken', SECRET: 'hunter2-hunter2' },
      secrets: ['hunter2-hunter2'],
    });
    const failed = await host.acquire(deployment);
    assert.ok(!failed.ok);
    assert.equal(failed.error.code, 'function_start_failed');
    assert.match(failed.error.message, /exit code 3/);
    assert.match(failed.error.cause ?? '', /cannot start with •••/);
    await until('the log has it', async () =>
      (await home.logs.read('run', deployment, {})).some((line) => line.text === 'cannot start with •••'),
    );
    assert.ok(!JSON.stringify(await home.logs.read('run', deployment, {})).includes('hunter2'));
  },
);

test('a function that never listens is stopped and named so', { timeout: 60_000 }, async (t) => {
  const { home, host } = await started(t, { startTimeoutMs: 1_500 });
  const failed = await host.acquire(await home.deploy({ variables: { MODE: 'deaf' } }));
  assert.equal(failed.ok ? 'ok' : failed.error.code, 'function_timeout');
  assert.deepEqual(must(await host.status()).used, { instances: 0, memoryMb: 0 });
  await until('its sockets are gone', async () =>
    (await readdir(join(home.paths.run, 'fn'), { recursive: true })).every((name) => !name.includes('fn-')),
  );
});

test('a stop does not wait for a function that never listens', { timeout: 60_000 }, async (t) => {
  const { home, host } = await started(t, { startTimeoutMs: 30_000 });
  const deployment = await home.deploy({ variables: { MODE: 'deaf' } });
  const pending = host.acquire(deployment);
  await until('it starts', async () => must(await host.status()).used.instances === 1);
  const startedAt = performance.now();
  await host.stop(deployment);
  const failed = await pending;
  assert.equal(failed.ok ? 'ok' : failed.error.code, 'canceled');
  assert.ok(performance.now() - startedAt < 10_000);
  assert.deepEqual(must(await host.status()).used, { instances: 0, memoryMb: 0 });
});

test(
  'a crash is noticed at once, logged with its exit code, and the function comes back',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t, { backoffFirstMs: 200 });
    const deployment = await home.deploy();
    await assert.rejects(get(host, deployment, '/crash'));
    await until('it is gone', async () => (await instancesOf(host, deployment)).length === 0);
    assert.deepEqual(await host.touch({ [deployment]: { inflight: 0 } }), [deployment]);
    assert.equal(await get(host, deployment, '/'), 'hello');
    await until('the log says why', async () =>
      (await home.logs.read('run', deployment, {})).some(
        (line) => line.level === 'error' && line.text.includes('exited by itself: exit code 7'),
      ),
    );
    assert.equal(must(await host.status()).crashes, 1);
  },
);

test(
  'a function that takes more memory than it may is stopped and named so, and another keeps serving',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const greedy = await home.deploy({ functions: { memoryMb: 128 } });
    const modest = await home.deploy();
    assert.equal(await get(host, modest, '/'), 'hello');
    await assert.rejects(get(host, greedy, '/hog'));
    await until('the log says why', async () =>
      (await home.logs.read('run', greedy, {})).some((line) => line.text.includes('more than 128 MB of memory')),
    );
    assert.equal(await get(host, modest, '/'), 'hello');
  },
);

test(
  'a process that is stopped while idle with timers and connections logs that, one without logs nothing',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const busy = `import { createServer } from 'node:http'; import { connect, createServer as listen } from 'node:net';
    setInterval(() => {}, 60_000); listen((socket) => socket.resume()).listen(4000, () => connect(4000, '127.0.0.1')).unref();
    createServer((request, response) => response.end('hello')).listen(process.env.PORT);`;
    const functions = { idleSeconds: 0.2 };
    const [working, quiet] = [
      await home.deploy({ functions, files: { 'server.mjs': busy } }),
      await home.deploy({ functions }),
    ];
    for (const deployment of [working, quiet]) assert.equal(await get(host, deployment, '/'), 'hello');
    const log = async (deployment: DeploymentId): Promise<string> =>
      (await home.logs.read('run', deployment, {})).map(({ text }) => text).join('\n');
    await until(
      'both sleep',
      async () => (await log(working)).includes('idle for') && (await log(quiet)).includes('idle for'),
    );
    await until('it says so', async () =>
      /put to sleep with 1 timer and \d open connections?; .*--min-instances 1/.test(await log(working)),
    );
    await until('the other one is gone', async () => (await instancesOf(host, quiet)).length === 0);
    assert.doesNotMatch(await log(quiet), /put to sleep/);
  },
);

test(
  'a flood of notes about one deployment is cut before it reaches the host, and another one is still noted',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const [flooded, other] = [await home.deploy(), await home.deploy()];
    for (let i = 0; i < 10_000; i++) host.note(flooded, `req-${i}`, 'error', 'the function sent no response');
    host.note(other, 'req', 'error', 'the function sent no response');
    await until('the other has it', async () => (await home.logs.read('run', other, {})).length === 1);
    const lines = (await home.logs.read('run', flooded, {})).length;
    assert.ok(lines > 0 && lines < 50, `${lines} lines`);
  },
);

test('lines are stored by request, and a flood is cut with a note', { timeout: 60_000 }, async (t) => {
  const { home, host } = await started(t, { linesPerSecond: 100 });
  const deployment = await home.deploy();
  await get(host, deployment, '/print?text=alpha', { 'x-request-id': 'req-alpha' });
  await get(host, deployment, '/print?text=beta', { 'x-request-id': 'req-beta' });
  const lines = () => home.logs.read('run', deployment, { limit: 1_000 });
  await until(
    'both are there',
    async () => (await lines()).filter((line) => line.text.startsWith('warned')).length === 2,
  );
  const alpha = (await lines()).filter((line) => line.requestId === 'req-alpha');
  assert.deepEqual(alpha.map(({ level, text }) => `${level} ${text}`).sort(), ['info alpha', 'warn warned alpha']);
  await get(host, deployment, '/flood?lines=5000');
  await until('the flood ended', async () => {
    await get(host, deployment, '/print?text=after');
    return (await lines()).some((line) => /^\d+ lines were not kept/.test(line.text));
  });
  assert.ok((await lines()).length < 2_000);
});

test(
  'the variables of the deployment arrive unharmed, and nothing of the host does',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const odd = 'a#b $HOME `x` "q" \'s\' !h\nsecond line\t€ ';
    const deployment = await home.deploy({ variables: { ODD: odd } });
    const env: Record<string, string> = JSON.parse(await get(host, deployment, '/env'));
    assert.equal(env['ODD'], odd);
    assert.equal(env['NODE_ENV'], 'production');
    const known = new Set([
      'ODD',
      'NODE_ENV',
      'LANG',
      'NODE_COMPILE_CACHE',
      'PATH',
      'HOME',
      'TMPDIR',
      'ANCHOR_SOCKET',
      'ANCHOR_CACHE',
      'NODE_OPTIONS',
      'PORT',
      'PWD',
      'OLDPWD',
      'SHLVL',
      '_',
    ]);
    assert.deepEqual(
      Object.keys(env).filter((name) => !known.has(name)),
      [],
    );
  },
);

test(
  "from inside a function nothing of another project's and nothing of the platform's can be reached",
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const mine = await home.deploy();
    const theirs = await home.deploy({ variables: { THEIRS: 'their-value' }, files: { 'theirs.txt': 'their file' } });
    const victim = must(await host.acquire(theirs)).upstreams[0]!;
    assert.ok(victim.kind === 'unix');
    const listener = createServer((socket) => socket.end('secret'));
    await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve));
    t.after(() => listener.close());
    const address = listener.address();
    assert.ok(address !== null && typeof address === 'object');

    for (const path of [
      home.paths.data,
      home.paths.database,
      home.paths.key,
      home.paths.trees,
      home.paths.blobs,
      home.paths.run,
      home.paths.deploymentCache(theirs),
      '/root',
      '/home',
      '/etc/shadow',
      `/proc/${process.pid}/environ`,
      '/proc/1/root/etc/shadow',
      join(process.cwd(), 'package.json'),
    ]) {
      for (const how of ['read', 'list']) {
        const seen = await get(host, mine, `/${how}?path=${encodeURIComponent(path)}`);
        assert.ok(!seen.startsWith('reached') || seen === 'reached []', `${how} ${path}: ${seen}`);
      }
    }
    for (const path of [
      home.paths.hostSocket,
      victim.path,
      victim.path.replace(/\.sock$/, '/fn.sock'),
      '/var/run/docker.sock',
      '/run/dbus/system_bus_socket',
    ]) {
      assert.notEqual(await get(host, mine, `/connect?path=${encodeURIComponent(path)}`), 'reached', path);
    }
    for (const [name, port] of [
      ['127.0.0.1', address.port],
      ['localhost', address.port],
      ['::1', address.port],
      ['169.254.169.254', 80],
      ['10.0.0.1', 80],
      ['192.168.0.1', 80],
      ['172.17.0.1', address.port],
    ] as const) {
      assert.notEqual(await get(host, mine, `/connect?host=${name}&port=${port}`), 'reached', name);
    }
    for (const path of [
      '/app/server.mjs',
      '/app/new',
      '/anchor/preload.js',
      '/node/bin/node',
      '/etc/x',
      '/usr/x',
      '/x',
    ]) {
      assert.ok(!(await get(host, mine, `/write?path=${path}`)).startsWith('reached'), `write ${path}`);
    }
    for (const path of ['/tmp/x', '/cache/x', '/run/anchor/x'])
      assert.ok((await get(host, mine, `/write?path=${path}`)).startsWith('reached'), `write ${path}`);
    const environments: string[] = [];
    for (let pid = 1; pid < 64; pid++) environments.push(await get(host, mine, `/read?path=/proc/${pid}/environ`));
    assert.ok(!environments.join().includes('their-value'));
    const user: { uid: number } = JSON.parse(await get(host, mine, '/whoami'));
    assert.notEqual(user.uid, 0);
  },
);

test(
  'a function that puts a link to another socket in place of its own leads no visitor there',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const mine = await home.deploy();
    for (const target of [home.paths.hostSocket, '/etc/passwd']) {
      assert.equal(await get(host, mine, `/hijack?path=${encodeURIComponent(target)}`), 'linked');
      for (let i = 0; i < 20; i++) assert.equal(await get(host, mine, '/'), 'hello');
    }
  },
);

test(
  'files and cache are shared by the instances of a deployment, sockets and /tmp are not',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const deployment = await home.deploy({ functions: { concurrency: 1, maxInstances: 2 } });
    assert.equal(await get(host, deployment, '/write?path=/cache/shared'), 'reached undefined');
    await get(host, deployment, '/write?path=/tmp/private');
    await until('two instances', async () => {
      await host.touch({ [deployment]: { inflight: 5 } });
      return must(await host.acquire(deployment)).upstreams.length === 2;
    });
    const second = must(await host.acquire(deployment)).upstreams[1]!;
    assert.equal((await requestUpstream(second, '/read?path=/cache/shared')).body, 'reached "x"');
    assert.equal((await requestUpstream(second, '/read?path=/tmp/private')).body, 'ENOENT');
  },
);

test(
  'a second host of the same data directory is refused, and callers wait for one that restarts',
  { timeout: 60_000 },
  async (t) => {
    const { home, host, server } = await started(t);
    const deployment = await home.deploy();
    const second = await createFunctionHostServer(home.ports);
    assert.equal(second.ok ? 'ok' : second.error.code, 'conflict');
    assert.equal(await get(host, deployment, '/'), 'hello');
    await server.close();
    assert.deepEqual(await host.touch({ [deployment]: { inflight: 0 } }), [deployment]);
    const pending = get(host, deployment, '/');
    const next = must(await createFunctionHostServer(home.ports));
    // Before the directory goes: hooks run in the order in which they were given.
    try {
      assert.equal(await pending, 'hello');
    } finally {
      await next.close();
    }
  },
);

test('preparing puts the files in place and reports what is missing', { timeout: 60_000 }, async (t) => {
  const { home, host } = await started(t);
  assert.ok((await host.prepare(await home.deploy())).ok);
  assert.equal((await readdir(home.paths.trees)).length, 1);
  const missing = await host.prepare(newId('dpl', Date.now()));
  assert.equal(missing.ok ? 'ok' : missing.error.code, 'not_found');
});

test(
  'a function that is killed while it starts is started once more, and the request waits',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const killedAt = (starts: number): string => `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { createServer } from 'node:http';
    let count = 0;
    try { count = Number(readFileSync('/cache/count', 'utf8')); } catch {}
    writeFileSync('/cache/count', String(count + 1));
    if (count < ${starts}) process.kill(process.pid, 'SIGKILL');
    createServer((_, response) => response.end('start ' + (count + 1))).listen(process.env.PORT);`;
    const once = await home.deploy({ files: { 'server.mjs': killedAt(1) } });
    assert.equal(await get(host, once, '/'), 'start 2');
    const always = await home.deploy({ files: { 'server.mjs': killedAt(Infinity) } });
    const refused = await host.acquire(always);
    assert.equal(refused.ok ? 'ok' : refused.error.code, 'function_start_failed');
    assert.equal(readFileSync(join(home.paths.deploymentCache(always), 'count'), 'utf8'), '2');
  },
);

test(
  'a function that exits by itself with the code of a kill is not started once more',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const server = `
    import { appendFileSync } from 'node:fs';
    appendFileSync('/cache/count', 'x');
    process.exit(137);`;
    const deployment = await home.deploy({ files: { 'server.mjs': server } });
    const refused = await host.acquire(deployment);
    assert.match(refused.ok ? 'ok' : refused.error.message, /exited while starting: exit code 137$/);
    assert.equal(readFileSync(join(home.paths.deploymentCache(deployment), 'count'), 'utf8'), 'x');
  },
);
