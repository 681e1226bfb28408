import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { cancelDeployment } from '@anchor/core/deployments/cancel.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { linesOf } from '@anchor/core/logs/log-page.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { PREVIEW, PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { createProject } from '@anchor/core/projects/projects.ts';
import { memoryHome, type MemoryHome } from '@anchor/testing/memory/home.ts';
import { until } from '@anchor/testing/until.ts';
import { must } from './fixtures/open-server.ts';
import { createWorker } from './worker.ts';

/** Starts a worker over an in-memory platform, with a production deployment. */
async function open(context: TestContext, prepare: (home: MemoryHome) => void, watchMs = 10) {
  const home = memoryHome();
  const { project } = must(await createProject(home)('demo', {}));
  const request = async (n: number): Promise<DeploymentId> => {
    home.clock.advance(1_000);
    return must(
      await requestDeployment(home)({
        project,
        environment: PRODUCTION,
        source: { kind: 'git', commit: String(n).padStart(40, 'a') as CommitSha, branch: 'main' as BranchName },
      }),
    ).deployment.id;
  };
  const id = await request(1);
  prepare(home);
  const reported: string[] = [];
  const worker = createWorker(home, {
    builds: 1,
    leaseMs: 60_000,
    watchMs,
    report: (message) => reported.push(message),
  });
  worker.start();
  context.after(() => worker.stop());
  return { home, id, request, worker, reported, state: async () => (await home.deployments.get(id))?.state };
}

test('a job that the platform cannot finish ends its deployment with the reason, and its followers', async (t) => {
  const { home, id, state } = await open(t, (home) => {
    home.secrets.seal = () => Promise.reject(new Error('the key is gone'));
  });
  await until('it fails', async () => {
    home.clock.advance(120_000);
    return (await state()) === 'failed';
  });
  const failed = await home.deployments.get(id);
  assert.match(failed?.error?.cause ?? '', /the key is gone/);
  await until('it is a dead letter', async () => (await home.queue.depth()).dead === 1);
  const lines: string[] = [];
  for await (const page of home.logs.follow('build', id, { after: 0 }, AbortSignal.timeout(5_000)))
    lines.push(...[...linesOf(page)].map(({ text }) => text));
  assert.ok(lines.some((line) => line.includes('the key is gone')));
});

test('a queue that fails for a moment stops neither the worker nor the process', async (t) => {
  const { reported, state } = await open(t, (home) => {
    const receive = home.queue.receive.bind(home.queue);
    let failures = 1;
    home.queue.receive = (options) =>
      failures-- > 0 ? Promise.reject(new Error('database or disk is full')) : receive(options);
  });
  await until('it is built all the same', async () => (await state()) === 'success');
  assert.match(reported.join('\n'), /disk is full/);
});

test('a stop gives the build back, and the job waits for the next worker', async (t) => {
  const { home, worker, state } = await open(t, (home) => {
    home.builds.during = (_request, _events, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(undefined));
      });
  });
  await until('it builds', async () => (await state()) === 'building');
  await worker.stop();
  assert.equal(await state(), 'queued');
  assert.deepEqual(await home.queue.depth(), { pending: 1, leased: 0, dead: 0 });
});

test('a preview that waits has its turn between a steady flow of production builds', async (t) => {
  const { home, request, worker } = await open(t, () => undefined);
  await worker.stop();
  const ended: string[] = [];
  let previewAfter = -1;
  home.builds.during = async (build) => {
    ended.push(build.cache?.scope ?? '');
    if (build.cache?.scope === 'feat') previewAfter = ended.length;
    else if (previewAfter < 0) await request(ended.length + 10);
    return undefined;
  };
  const {
    items: [project],
  } = await home.projects.list({ limit: 1 });
  assert.ok(project !== undefined);
  must(
    await requestDeployment(home)({
      project,
      environment: PREVIEW,
      source: { kind: 'git', commit: 'b'.repeat(40) as CommitSha, branch: 'feat' as BranchName },
    }),
  );
  await request(2);
  const restarted = createWorker(home, { builds: 1, leaseMs: 60_000, watchMs: 10, report: () => undefined });
  restarted.start();
  t.after(() => restarted.stop());
  await until('the preview is built', () => previewAfter > 0);
  assert.ok(previewAfter <= 5, `as number ${previewAfter}`);
});

test('a newer commit stops the build of the older one and is built itself', async (t) => {
  const { home, request, state } = await open(t, (home) => {
    home.builds.during = (_request, _events, signal) =>
      new Promise((resolve) => {
        home.builds.during = async () => undefined;
        signal.addEventListener('abort', () => resolve(undefined));
      });
  });
  await until('it builds', async () => (await state()) === 'building');
  const newer = await request(2);
  await until('the newer one is live', async () => (await home.deployments.get(newer))?.state === 'success');
  assert.equal(await state(), 'canceled');
});

test('a cancel stops the build at once, however seldom the worker looks', async (t) => {
  const stopped = Promise.withResolvers<void>();
  const { home, id, state } = await open(
    t,
    (home) => {
      home.builds.during = (_request, _events, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            stopped.resolve();
            resolve(undefined);
          });
        });
    },
    3_600_000,
  );
  await until('it builds', async () => (await state()) === 'building');
  must(await cancelDeployment(home)(id));
  await stopped.promise;
  await until('nothing follows it any more', () => home.deployments.followed() === 0);
});
