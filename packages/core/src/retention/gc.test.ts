import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { acceptPush } from '../deliveries/accept-push.ts';
import { promote } from '../deployments/promote.ts';
import { runDeployment } from '../deployments/run.ts';
import type { DeploymentId } from '../names/id.ts';
import type { BranchName, CommitSha, HostName } from '../names/name.ts';
import { createProject } from '../projects/projects.ts';
import { removeProject } from '../projects/remove-project.ts';
import { LANES } from '../queue/job.ts';
import type { Result } from '../result/result.ts';
import { collectGarbage } from './gc.ts';
import { DEFAULT_RETENTION } from './retention-settings.ts';

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
    const accepted = must(
      await acceptPush(home)({
        projectId: project.id,
        source: 'github',
        externalId: `d${n++}`,
        event: 'push',
        headers: {},
        body: '{}',
        push: { kind: 'push', branch: branch as BranchName, commit },
      }),
    );
    const [id] = accepted.deploymentIds;
    assert.ok(id !== undefined);
    must(await runDeployment(home)(id, new AbortController().signal));
    return id;
  };
  const ids: DeploymentId[] = [];
  for (let i = 0; i < commits; i++) ids.push(await deploy());
  const servable = async (id: DeploymentId): Promise<boolean> => {
    const deployment = await home.deployments.get(id);
    return (
      deployment?.artifact !== undefined &&
      deployment.artifactRemovedAt === undefined &&
      (await home.blobs.get(deployment.artifact)) !== undefined
    );
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

test('a blob that a build finds in the store while clean-up runs stays: it was renewed', async () => {
  const { home } = await start(1);
  const [found, other] = [
    await home.blobs.put(new TextEncoder().encode('of an old build and a new one')),
    await home.blobs.put(new TextEncoder().encode('of an old build')),
  ];
  home.clock.advance(DEFAULT_RETENTION.graceMs + 1);
  const list = home.blobs.list.bind(home.blobs);
  home.blobs.list = async function* () {
    const blobs = [];
    for await (const blob of list()) blobs.push(blob);
    yield* blobs;
    assert.ok(await home.blobs.has(found));
  };
  await collectGarbage(home)({ dryRun: false });
  assert.notEqual(await home.blobs.get(found), undefined);
  assert.equal(await home.blobs.get(other), undefined);
});

test('dead letters go with the records of their time', async () => {
  const { home } = await start(0);
  const bury = async (n: number): Promise<void> => {
    const now = home.clock.now();
    await home.queue.enqueue({
      id: `job_${n}`,
      lane: 'production',
      group: 'g',
      kind: 'deploy',
      payload: {},
      dedupeKey: String(n),
      attempts: 0,
      notBefore: now,
      createdAt: now,
    });
    const job = await home.queue.receive({ leaseMs: 1_000, lanes: LANES });
    assert.ok(job !== undefined);
    await home.queue.deadLetter(job, 'given up');
  };
  await bury(1);
  home.clock.advance(300 * DAY);
  await bury(2);
  home.clock.advance(100 * DAY);
  await collectGarbage(home)({ dryRun: true });
  assert.equal((await home.queue.depth()).dead, 2);
  await collectGarbage(home)({ dryRun: false });
  assert.deepEqual(
    (await home.queue.dead({ limit: 10 })).items.map(({ id }) => id),
    ['job_2'],
  );
});

test('where every record is gone and blobs are there, nothing is removed until a user insists', async () => {
  const home = memoryHome();
  for (let i = 0; i < 5; i++) await home.blobs.put(new TextEncoder().encode(`orphan ${i}`));
  home.clock.advance(DAY);
  for (const dryRun of [true, false]) {
    const report = await collectGarbage(home)({ dryRun });
    assert.equal(report.blobs, 0);
    assert.match(report.held?.reason ?? '', /5 of 5 blobs belong to no record/);
    assert.match(report.held?.fix ?? '', /gc --force/);
  }
  assert.equal((await collectGarbage(home)({ dryRun: false, force: true })).blobs, 5);
});

test('more than half of many blobs is removed only with a reason, such as a project that was removed', async () => {
  const { home, project } = await start(1);
  for (let i = 0; i < 150; i++) await home.blobs.put(new TextEncoder().encode(`orphan ${i}`));
  home.clock.advance(DAY);
  const held = await collectGarbage(home)({ dryRun: false });
  assert.ok(held.held !== undefined && held.blobs === 0);
  must(await createProject(home)('other', {}));
  must(await removeProject(home)(project.id));
  const freed = await collectGarbage(home)({ dryRun: false });
  assert.ok(freed.held === undefined && freed.blobs >= 150, JSON.stringify(freed));
  for (let i = 0; i < 150; i++) await home.blobs.put(new TextEncoder().encode(`again ${i}`));
  home.clock.advance(DAY);
  assert.ok((await collectGarbage(home)({ dryRun: false })).held !== undefined, 'one removal explains one clean-up');
});

test('a damaged manifest is named, hides nothing that its build stored from clean-up, and blocks it not', async () => {
  const { home, ids, deploy } = await start(1);
  const artifact = (await home.deployments.get(ids[0]!))?.artifact;
  assert.ok(artifact !== undefined);
  const atBuild: string[] = [];
  for await (const { hash } of home.blobs.list()) atBuild.push(hash);
  home.clock.advance(10 * DAY);
  const orphan = await home.blobs.put(new TextEncoder().encode('written much later'));
  await deploy();
  home.clock.advance(DAY);
  for (const damage of [
    async (): Promise<undefined> => {
      throw new Error(`the blob ${artifact} is damaged on disk`);
    },
    async (): Promise<undefined> => undefined,
  ]) {
    const blobs = {
      ...home.blobs,
      get: async (hash: string): Promise<Uint8Array | undefined> =>
        hash === artifact ? await damage() : await home.blobs.get(hash),
    };
    const report = await collectGarbage({ ...home, blobs })({ dryRun: true });
    assert.deepEqual(
      report.broken.map(({ hash }) => hash),
      [artifact],
    );
    assert.equal(report.complete, false);
    assert.equal(report.blobs, 1);
  }
  const broken = {
    ...home,
    blobs: {
      ...home.blobs,
      get: async (hash: string) => {
        if (hash === artifact) throw new Error('damaged');
        return home.blobs.get(hash);
      },
    },
  };
  await collectGarbage(broken)({ dryRun: false });
  for (const hash of atBuild) assert.ok(await home.blobs.has(hash), 'what it may name stays');
  assert.equal(await home.blobs.has(orphan), false);
  const listed = await home.failedRecords.get('blob', artifact);
  assert.equal(listed?.project, (await home.deployments.get(ids[0]!))?.projectId);
});

test('a blob that a deployment needs and that is missing is named', async () => {
  const { home, ids } = await start(1);
  const needed = JSON.parse(
    new TextDecoder().decode(await home.blobs.get((await home.deployments.get(ids[0]!))!.artifact!)),
  ) as { components: { web: { files?: Record<string, { blob?: string }> } } };
  const hash = /[0-9a-f]{64}/.exec(JSON.stringify(needed))?.[0];
  assert.ok(hash !== undefined);
  await home.blobs.remove(hash);
  const report = await collectGarbage(home)({ dryRun: false });
  assert.deepEqual(
    report.broken.map((broken) => [broken.hash, broken.why]),
    [[hash, 'it is missing']],
  );
});

test('while a row cannot be read nothing is removed, since what it needs is not known', async () => {
  const { home } = await start(13);
  home.clock.advance(91 * DAY);
  await home.failedRecords.fail({ kind: 'row', id: 'aliases:demo.localhost', why: 'no JSON', tries: 3, now: 0 });
  const report = await collectGarbage(home)({ dryRun: false });
  assert.deepEqual([report.artifacts, report.blobs, report.complete], [[], 0, false]);
  assert.match(report.held?.reason ?? '', /1 record of the database cannot be read/);
  await home.failedRecords.clear('row', 'aliases:demo.localhost');
  assert.equal((await collectGarbage(home)({ dryRun: false })).artifacts.length, 2);
});

test('a record that cannot be removed keeps neither the others nor its own files from their fate', async () => {
  const { home, ids, servable } = await start(13);
  home.clock.advance(91 * DAY);
  const poisoned = {
    ...home,
    deployments: {
      ...home.deployments,
      replace: async (item: Parameters<typeof home.deployments.replace>[0]) => {
        if (item.id === ids[0]) throw new Error('a poisoned record');
        return home.deployments.replace(item);
      },
    },
  };
  await collectGarbage(poisoned)({ dryRun: false });
  assert.equal(await servable(ids[1]!), false);
  assert.equal(await servable(ids[0]!), true, 'it may still be served');
  assert.equal((await home.failedRecords.get('retention', ids[0]!))?.why, 'a poisoned record');
});
