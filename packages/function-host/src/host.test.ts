import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { functionHostContract } from '@anchor/testing/contracts/function-host.ts';
import { requestUpstream } from '@anchor/testing/clients/function-client.ts';
import { until } from '@anchor/testing/until.ts';
import { TestBed } from '@anchor/edge/testing/test-bed.ts';
import { newId } from '@anchor/core/names/id.ts';
import { createFunctionHostServer } from './server.ts';
import { must } from './fixtures/testing-home.ts';
import { open, started, get, instancesOf } from './fixtures/started-host.ts';

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
