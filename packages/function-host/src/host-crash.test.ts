import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFunctionClient } from '@anchor/testing/clients/function-client.ts';
import { until } from '@anchor/testing/until.ts';
import { FunctionHostClient } from './client.ts';
import { must, openTestingHome } from './fixtures/testing-home.ts';

const HOST = fileURLToPath(new URL('./fixtures/host.ts', import.meta.url));

async function setup(t: TestContext) {
  const home = await openTestingHome();
  const running: ChildProcess[] = [];
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', HOST, home.paths.data, JSON.stringify({ leaseMs: 500, graceMs: 200 })],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    running.push(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child;
  };
  const host = new FunctionHostClient(home.paths.hostSocket);
  t.after(async () => {
    host.close();
    for (const child of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await home.remove();
  });
  return { home, host, start };
}

/** Counts processes of the fixture server whose environment has this test's mark. */
function functionsOf(mark: string): number {
  let count = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`MARK=${mark}\0`) &&
        readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'bwrap\n'
      )
        count++;
    } catch {
      // Ended meanwhile.
    }
  }
  return count;
}

test(
  'a host that is killed takes its functions with it, and requests are served again as soon as it is back',
  { timeout: 60_000 },
  async (t) => {
    const { home, host, start } = await setup(t);
    const mark = `m${Date.now()}`;
    const deployment = await home.deploy({ variables: { MARK: mark } });
    const client = createFunctionClient(host, deployment, { crashes: true });
    t.after(() => client.close());
    const first = await start();
    assert.equal((await client.get('/')).body, 'hello');
    assert.equal(functionsOf(mark), 1);

    first.kill('SIGKILL');
    await once(first, 'exit');
    await until('no function is left', () => functionsOf(mark) === 0);
    const pending = client.get('/'); // its connection is refused; it acquires another, and there is no host yet
    await start();
    assert.equal((await pending).body, 'hello');
    assert.equal(functionsOf(mark), 1);
    assert.equal(client.seen.size, 2);
    const left = (await readdir(join(home.paths.run, 'fn'), { recursive: true })).filter((name) =>
      /^[^/]+\/[^/]+\.sock$/.test(name),
    );
    assert.equal(left.length, 1, 'the sockets of the dead host are gone');
  },
);

test('a host that is stopped lets responses in flight end', { timeout: 60_000 }, async (t) => {
  const { home, host, start } = await setup(t);
  const mark = `m${Date.now()}s`;
  const deployment = await home.deploy({ variables: { MARK: mark } });
  const client = createFunctionClient(host, deployment);
  t.after(() => client.close());
  const first = await start();
  assert.equal((await client.get('/')).body, 'hello');
  const slow = client.get('/slow?ms=1000');
  await until('it is in flight', async () => (await client.get('/inflight')).body === '2');
  first.kill('SIGTERM');
  assert.equal((await slow).body, 'slow');
  await once(first, 'exit');
  assert.equal(functionsOf(mark), 0);
});

test('while no host runs, callers get an error after a while', { timeout: 60_000 }, async (t) => {
  const { home } = await setup(t);
  const host = new FunctionHostClient(home.paths.hostSocket, { reconnectMs: 200 });
  t.after(() => host.close());
  const deployment = await home.deploy();
  const startedAt = performance.now();
  const refused = await host.acquire(deployment);
  assert.equal(refused.ok ? 'ok' : refused.error.code, 'not_ready');
  assert.ok(performance.now() - startedAt < 2_000);
  await host.stop(deployment);
  assert.equal((await host.status()).ok, false);
  assert.throws(() => must(refused), /not_ready/);
});
