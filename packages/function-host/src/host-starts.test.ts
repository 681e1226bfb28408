import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { must } from './fixtures/testing-home.ts';
import { started, get } from './fixtures/started-host.ts';

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
