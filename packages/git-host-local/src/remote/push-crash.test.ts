import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProjectId } from '@anchor/core/names/id.ts';
import type { BranchName } from '@anchor/core/names/name.ts';
import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { deploymentsOf, workingCopy } from '../fixtures/working-copy.ts';

type Step = 'journal' | 'refs' | 'delivery' | 'deployment';
type Copy = Awaited<ReturnType<typeof workingCopy>>;

/** Pushes to a server that kills itself (-9) at the step, then opens another one over the same data. */
async function crashAt(t: TestContext, step: Step, push: (copy: Copy, url: string) => Promise<void>) {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-push-crash-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const program = fileURLToPath(new URL('../fixtures/killed-server.ts', import.meta.url));
  const child = spawn(process.execPath, [program, data, step], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { port, token, projectId } = JSON.parse(line) as { port: number; token: string; projectId: ProjectId };
  const copy = await workingCopy(t);
  const addressAt = (port: number): string => `http://git:${token}@127.0.0.1:${port}/git/shop.git`;
  await push(copy, addressAt(port));
  assert.deepEqual(await exited, [null, 'SIGKILL']);

  const server = await openServer(t, { data, limits: { pushLogMs: 100 } });
  const journal = join(server.paths.repository(projectId), '..', 'pushes');
  return {
    server,
    copy,
    url: addressAt(server.port),
    projectId,
    inJournal: () => readdir(journal),
    head: (branch: string) => server.ports.repositories.branchHead(projectId, branch as BranchName),
    /** Runs a start's recovery, and the clean-up after it: more than once, so that a duplicate would show. */
    recover: async () => {
      await server.server.recovery.restart();
      for (let run = 0; run < 3; run++) await server.server.recovery.run();
    },
  };
}

const pushesMain = async (copy: Copy, url: string): Promise<void> => {
  await copy.commit('a', '1');
  assert.notEqual((await copy.git('push', url, 'main')).code, 0);
};

test('a server that is killed before git starts has stored nothing, and the same push deploys once', async (t) => {
  const { server, copy, url, projectId, inJournal, head, recover } = await crashAt(t, 'journal', pushesMain);
  await recover();
  assert.equal(await head('main'), undefined);
  assert.deepEqual(await deploymentsOf(server, projectId), []);
  assert.equal((await inJournal()).length, 1, 'kept: an orphaned git may still be unpacking');
  assert.equal((await copy.git('push', url, 'main')).code, 0);
  await recover();
  assert.equal((await deploymentsOf(server, projectId)).length, 1);
});

for (const step of ['refs', 'deployment'] as const) {
  const moment = step === 'refs' ? 'after git moved the refs' : 'after the deployment was stored';
  test(`a push to a server that is killed ${moment} is deployed once after the restart`, async (t) => {
    const { server, projectId, inJournal, head, recover } = await crashAt(t, step, pushesMain);
    await recover();
    const deployments = await deploymentsOf(server, projectId);
    assert.deepEqual(
      deployments.map(({ state, source }) => [state, source.commit]),
      [['queued', await head('main')]],
    );
    assert.equal((await server.ports.queue.depth()).pending, 1);
    assert.equal((await server.ports.deliveries.list({ projectId }, { limit: 10 })).items.length, 1);
    assert.deepEqual(await inJournal(), []);
  });
}

test('a delivery that a killed server stored and did not act on is processed once after the restart', async (t) => {
  const { server, projectId, inJournal, recover } = await crashAt(t, 'delivery', async (copy, url) => {
    await copy.commit('a', '1');
    assert.equal((await copy.git('push', url, 'main:one')).code, 0);
    // Its commit is known, so the delivery is stored before its outcome.
    assert.notEqual((await copy.git('push', url, 'main:two')).code, 0);
  });
  await recover();
  const [deployment, ...others] = await deploymentsOf(server, projectId);
  assert.deepEqual([deployment?.alsoBranches, others], [['two'], []]);
  const { items } = await server.ports.deliveries.list({ projectId }, { limit: 10 });
  assert.deepEqual(
    items.map(({ state, deploymentIds }) => [state, deploymentIds]),
    items.map(() => ['accepted', [deployment?.id]]),
  );
  assert.equal(items.length, 2);
  assert.deepEqual(await inJournal(), []);
});
