import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { must } from './fixtures/testing-home.ts';
import { started, get, instancesOf } from './fixtures/started-host.ts';

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
