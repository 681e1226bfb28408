import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { schedBatchPrefix } from '../apps/local/src/tuning/sched-batch.ts';
import { createProject } from './helpers.ts';
import { eventually, plain, startPlatform } from './platform.ts';
import { createRepository, nodeServer } from './repository.ts';

test(
  'a server whose port was taken while it was away comes back when the port is free',
  { timeout: 120_000 },
  async (t) => {
    const platform = await startPlatform();
    t.after(() => platform.stop());
    const squatter = createServer((socket) => socket.destroy());
    const pid = platform.pid('server')!;
    process.kill(pid, 'SIGKILL');
    await eventually(
      () =>
        new Promise<boolean>((resolve) => {
          squatter.once('error', () => resolve(false));
          squatter.listen(platform.apiPort, '127.0.0.1', () => resolve(true));
        }),
      5_000,
      () => 'the port is never free',
    );
    await eventually(
      () => platform.output().includes('cannot listen'),
      30_000,
      () => `no reason was printed:\n${platform.output()}`,
    );
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    await eventually(
      async () => (await platform.api('GET', '/api/health')).status === 200,
      30_000,
      () => `it does not come back:\n${platform.output()}`,
    );
    assert.match(platform.output(), /Free the port/);
  },
);

test('what a killed server had started ends with it', { timeout: 120_000 }, async (t) => {
  const platform = await startPlatform();
  t.after(() => platform.stop());
  const repository = await createRepository();
  t.after(() => repository.remove());
  await createProject(platform, 'old-node');
  // A build of another Node than the platform's own starts with its download.
  await repository.commit({ ...nodeServer('res.end()'), '.nvmrc': '22' });
  const pushing = repository.push(platform, 'old-node');
  const pid = platform.pid('server')!;
  await eventually(
    async () => (await readdir(join(platform.data, 'nodes'))).some((name) => name.startsWith('.tmp-')),
    30_000,
    () => platform.output(),
  );
  await eventually(
    async () => (await atWork(pid)).length > 1,
    20_000,
    () => 'it starts nothing',
  );
  process.kill(pid, 'SIGKILL');
  await eventually(
    () => platform.output().includes('server ended'),
    10_000,
    () => platform.output(),
  );
  await eventually(
    async () => (await atWork(pid)).length === 0,
    500,
    () => 'what the killed server had started goes on',
  );
  await pushing;
});

/** The process ids of a group, without those that are dead and wait to be collected. */
async function atWork(group: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (itsGroup === String(group) && state !== 'Z') found.push(pid);
  }
  return found;
}

test(
  'headers of a reverse proxy are trusted when its address was named, and only then',
  { timeout: 120_000 },
  async (t) => {
    let platform = await startPlatform({ flags: ['--trusted-proxy', '127.0.0.1'] });
    t.after(() => platform.stop());
    const headers = { 'x-request-id': 'named-by-the-proxy' };
    const respond = () => plain(platform.edgePort, 'nobody.localhost', '/', { headers });
    assert.equal((await respond()).headers['x-request-id'], 'named-by-the-proxy');
    platform = await platform.restart({ flags: [] });
    assert.notEqual((await respond()).headers['x-request-id'], 'named-by-the-proxy');
  },
);

test(
  'edge workers are scheduled in batches, also after a restart, and nothing else is',
  { timeout: 120_000 },
  async (t) => {
    const platform = await startPlatform();
    t.after(() => platform.stop());
    // On older kernels, and without chrt, they are scheduled as everything is.
    const policy = schedBatchPrefix(process.env).length > 0 ? '3' : '0';
    await platform.kill9('edge-1');
    assert.deepEqual(await policiesOf(platform.pid('edge-0')!), [policy]);
    await eventually(
      async () => (await policiesOf(platform.pid('edge-1')!)).join() === policy,
      10_000,
      () => 'the new worker is not',
    );
    for (const name of ['server', 'host', 'up'] as const)
      assert.deepEqual(await policiesOf(platform.pid(name)!), ['0'], name);
  },
);

/** The scheduling policies that a process's threads have, each once: 0 is the usual one, 3 is `SCHED_BATCH`. */
async function policiesOf(pid: number): Promise<readonly string[]> {
  const policies = new Set<string>();
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '');
    const policy = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38];
    if (policy !== undefined) policies.add(policy);
  }
  return [...policies];
}

test(
  'an edge worker whose event loop does not turn is restarted after two seconds, and the others serve meanwhile',
  { timeout: 120_000 },
  async (t) => {
    const platform = await startPlatform();
    t.after(() => platform.stop());
    const pid = platform.pid('edge-0')!;
    const others = platform.pid('edge-1')!;
    await blockForEver(pid);
    const since = performance.now();
    await eventually(
      () => platform.pid('edge-0') !== undefined && platform.pid('edge-0') !== pid,
      15_000,
      () => `it is not restarted:\n${platform.output()}`,
    );
    const took = performance.now() - since;
    assert.match(platform.output(), /edge-0: its event loop did not turn for \d\.\d s/);
    assert.ok(took > 1_000 && took < 8_000, `${took} ms`);
    assert.equal(platform.pid('edge-1'), others);
    await eventually(
      async () => (await plain(platform.edgePort, 'nobody.localhost', '/')).status === 404,
      10_000,
      () => platform.output(),
    );

    // Stopped from outside it is as useless; the host, whose functions end with it, gets longer.
    const [edge, host] = [platform.pid('edge-1')!, platform.pid('host')!];
    process.kill(edge, 'SIGSTOP');
    process.kill(host, 'SIGSTOP');
    await eventually(
      () => platform.pid('edge-1') !== undefined && platform.pid('edge-1') !== edge,
      15_000,
      () => `it is not restarted:\n${platform.output()}`,
    );
    assert.equal(platform.pid('host'), host);
    process.kill(host, 'SIGCONT');
  },
);

/** Makes a Node process compute without end, through its inspector. */
async function blockForEver(pid: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  let address = '';
  await eventually(
    async () => {
      const targets = (await (await fetch('http://127.0.0.1:9229/json')).json()) as { webSocketDebuggerUrl: string }[];
      address = targets[0]?.webSocketDebuggerUrl ?? '';
      return address !== '';
    },
    10_000,
    () => 'the inspector does not listen',
  );
  const socket = new WebSocket(address);
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for(;;);' } }));
}
