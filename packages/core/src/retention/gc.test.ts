import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { acceptPush } from '../deliveries/accept-push.ts';
import { promote } from '../deployments/promote.ts';
import { runDeployment } from '../deployments/run.ts';
import type { DeploymentId } from '../names/id.ts';
import type { BranchName, CommitSha, HostName } from '../names/name.ts';
import { createProject } from '../projects/projects.ts';
import { LANES } from '../queue/job.ts';
import type { Result } from '../result/result.ts';
import { collectGarbage, DEFAULT_RETENTION } from './gc.ts';

const DAY = 86_400_000;
const must = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
};

/** A project with as many production deployments, oldest first, and the means to make more. */
async function start(commits: number) {
  const home = memoryHome();
  const { project } = must(await createProject(home)('demo', {}));
  let n = 0;
  const deploy = async (branch = 'main'): Promise<DeploymentId> => {
    home.clock.advance(1_000);
    const commit = String(n).padStart(40, 'a') as CommitSha;
    const accepted = must(await acceptPush(home)({ projectId: project.id, source: 'github', externalId: `d${n++}`, event: 'push', headers: {}, body: '{}', push: { kind: 'push', branch: branch as BranchName, commit } }));
    const [id] = accepted.deploymentIds;
    assert.ok(id !== undefined);
    must(await runDeployment(home)(id, new AbortController().signal));
    return id;
  };
  const ids: DeploymentId[] = [];
  for (let i = 0; i < commits; i++) ids.push(await deploy());
  const servable = async (id: DeploymentId): Promise<boolean> => {
    const deployment = await home.deployments.get(id);
    return deployment?.artifact !== undefined && deployment.artifactRemovedAt === undefined && (await home.blobs.get(deployment.artifact)) !== undefined;
  };
  return { home, project, ids, deploy, servable };
}

test('what serves and the last ten rollback targets stay, older artifacts go with their host', async () => {
  const { home, ids, servable } = await start(13);
  home.clock.advance(91 * DAY);
  const old = (await home.deployments.get(ids[0]!))?.host;
  const planned = await collectGarbage(home)({ dryRun: true });
  assert.deepEqual([...planned.artifacts].sort(), ids.slice(0, 2));
  assert.ok(await servable(ids[0]!), 'a dry run changes nothing');
  const done = await collectGarbage(home)({ dryRun: false });
  assert.deepEqual(done.artifacts, planned.artifacts);
  assert.equal(done.blobs, planned.blobs);
  for (const [i, id] of ids.entries()) assert.equal(await servable(id), i >= 2, `deployment ${i}`);
  assert.equal(await home.aliases.get(old!), undefined);
  assert.equal((await promote(home)({ deploymentId: ids[0]! })).ok, false);
});

test('what open tabs may still reach stays, however old it is and however often it was followed', async () => {
  const { home, project, ids, deploy, servable } = await start(1);
  // A year later, a busy day: the old one is no rollback target any more when it is over.
  home.clock.advance(100 * DAY);
  for (let i = 0; i < 12; i++) await deploy();
  await collectGarbage(home)({ dryRun: false });
  assert.ok(await servable(ids[0]!));
  home.clock.advance(project.functions.skewSeconds * 1_000 + 1);
  await collectGarbage(home)({ dryRun: false });
  assert.equal(await servable(ids[0]!), false);
});

test('a record that goes takes its host with it, even when its files went at the same time', async () => {
  const { home, ids } = await start(12);
  const host = (await home.deployments.get(ids[0]!))?.host as HostName;
  home.clock.advance(400 * DAY);
  const report = await collectGarbage(home)({ dryRun: false });
  assert.deepEqual(report.records, [ids[0]]);
  assert.equal(await home.deployments.get(ids[0]!), undefined);
  assert.equal(await home.aliases.get(host), undefined);
});

test('what is promoted while a clean-up runs keeps its files', async () => {
  const { home, deploy, servable } = await start(1);
  const preview = await deploy('feat');
  await home.aliases.remove('demo-git-feat.localhost' as HostName);
  home.clock.advance(91 * DAY);
  const listed = home.aliases.listByProject.bind(home.aliases);
  let looks = 0;
  home.aliases.listByProject = async (id) => {
    const aliases = await listed(id);
    if (looks++ === 0) must(await promote(home)({ deploymentId: preview }));
    return aliases;
  };
  await collectGarbage(home)({ dryRun: false });
  assert.ok(await servable(preview));
});

test('blobs that are younger than the time of grace stay: a build may be about to name them', async () => {
  const { home } = await start(1);
  const hash = await home.blobs.put(new TextEncoder().encode('of a build that runs'));
  await collectGarbage(home)({ dryRun: false });
  assert.ok(await home.blobs.has(hash));
  home.clock.advance(DEFAULT_RETENTION.graceMs + 1);
  await collectGarbage(home)({ dryRun: false });
  assert.equal(await home.blobs.has(hash), false);
});

test('dead letters go with the records of their time', async () => {
  const { home } = await start(0);
  const bury = async (n: number): Promise<void> => {
    const now = home.clock.now();
    await home.queue.enqueue({ id: `job_${n}`, lane: 'production', group: 'g', kind: 'deploy', payload: {}, dedupeKey: String(n), attempts: 0, notBefore: now, createdAt: now });
    const job = await home.queue.receive({ leaseMs: 1_000, lanes: LANES });
    assert.ok(job !== undefined);
    await home.queue.bury(job, 'given up');
  };
  await bury(1);
  home.clock.advance(300 * DAY);
  await bury(2);
  home.clock.advance(100 * DAY);
  await collectGarbage(home)({ dryRun: true });
  assert.equal((await home.queue.depth()).dead, 2);
  await collectGarbage(home)({ dryRun: false });
  assert.deepEqual((await home.queue.dead({ limit: 10 })).items.map(({ id }) => id), ['job_2']);
});
