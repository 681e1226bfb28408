import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome, type MemoryHome } from '@anchor/testing/memory/home.ts';
import { acceptPush } from '../deliveries/accept-push.ts';
import type { PushEvent } from '../deliveries/push-event.ts';
import { replayDelivery } from '../deliveries/replay.ts';
import { openSnapshot } from '../environments/snapshot.ts';
import { putVariables } from '../environments/put-variables.ts';
import type { DeploymentId } from '../names/id.ts';
import { PREVIEW, type BranchName, type CommitSha, type HostName } from '../names/name.ts';
import type { Project } from '../projects/project.ts';
import { createProject } from '../projects/projects.ts';
import { anchorError, fail, ok, type Result } from '../result/result.ts';
import { approveDeployment, cancelDeployment } from './cancel.ts';
import { promote } from './promote.ts';
import { recover } from './recover.ts';
import { rollback, undoRollback } from './rollback.ts';
import { runDeployment } from './run.ts';

const must = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
};
const sha = (n: number): CommitSha => String(n).padStart(40, 'a') as CommitSha;
const host = (text: string): HostName => text as HostName;

async function start(): Promise<{ home: MemoryHome; project: Project; push(commit: number, branch?: string): Promise<DeploymentId>; build(id: DeploymentId): Promise<string>; live(name?: string): Promise<string | undefined> }> {
  const home = memoryHome();
  const { project } = must(await createProject(home)('demo', {}));
  let deliveries = 0;
  return {
    home,
    project,
    async push(commit, branch = 'main') {
      home.clock.advance(1_000);
      const push: PushEvent = { kind: 'push', branch: branch as BranchName, commit: sha(commit) };
      const accepted = must(await acceptPush(home)({ projectId: project.id, source: 'github', externalId: `d${deliveries++}`, event: 'push', headers: {}, body: '{}', push }));
      const id = accepted.deploymentIds[0];
      assert.ok(id !== undefined, accepted.delivery.reason ?? 'no deployment');
      return id;
    },
    async build(id) {
      must(await runDeployment(home)(id, new AbortController().signal));
      return (await home.deployments.get(id))?.state ?? 'gone';
    },
    live: async (name = 'demo.localhost') => (await home.aliases.get(host(name)))?.deploymentId,
  };
}

test('a push of the production branch is built, verified and live, with its own and its branch host', async () => {
  const { home, push, build, live } = await start();
  const id = await push(1);
  assert.equal(await build(id), 'success');
  assert.equal(await live(), id);
  assert.equal(await live('demo-git-main.localhost'), id);
  const deployment = await home.deployments.get(id);
  assert.equal(await live(deployment?.host), id);
  assert.deepEqual(deployment?.steps.map((step) => step.name), ['build', 'publish', 'verify', 'switch']);
  assert.ok(deployment?.steps.every((step) => step.endedAt !== undefined));
});

test('the same delivery twice makes one deployment, and so does the same commit in another delivery', async () => {
  const { home, project, push } = await start();
  const incoming = { projectId: project.id, source: 'github', externalId: 'same', event: 'push', headers: {}, body: '{}', push: { kind: 'push', branch: 'main' as BranchName, commit: sha(1) } } as const;
  const [first, second] = await Promise.all([acceptPush(home)(incoming), acceptPush(home)(incoming)]);
  assert.deepEqual(must(first).deploymentIds, must(second).deploymentIds);
  assert.equal(await push(1), must(first).deploymentIds[0]);
  assert.equal((await home.deployments.list({ projectId: project.id }, { limit: 10 })).items.length, 1);
  const replayed = must(await replayDelivery(home)(must(first).delivery.id));
  assert.notEqual(replayed.deploymentIds[0], must(first).deploymentIds[0]);
});

test('a deployment that fails its verification leaves the old one live and says why', async () => {
  const { home, push, build, live } = await start();
  const good = await push(1);
  await build(good);
  const bad = await push(2);
  home.probe.answer = () => ok({ status: 500, body: '<h1>Boom</h1>' });
  assert.equal(await build(bad), 'failed');
  assert.equal(await live(), good);
  const failed = await home.deployments.get(bad);
  assert.equal(failed?.error?.code, 'verification_failed');
  assert.match(failed?.error?.cause ?? '', /Boom/);
  assert.equal(await live(failed?.host), undefined);
  const log = await home.logs.read('build', bad, {});
  assert.ok(log.some((line) => line.level === 'error' && line.text.startsWith('fix: ')));
});

test('an edge that passes 503 for a moment does not fail the deployment', async () => {
  const { home, push, build } = await start();
  let asked = 0;
  home.probe.answer = () => ok({ status: asked++ === 0 ? 503 : 200, body: '' });
  assert.equal(await build(await push(1)), 'success');
});

test('a newer push of the same branch cancels what waits and builds, never another branch', async () => {
  const { home, push } = await start();
  const first = await push(1);
  const other = await push(2, 'feat');
  const second = await push(3);
  assert.equal((await home.deployments.get(first))?.state, 'canceled');
  assert.equal((await home.deployments.get(first))?.error?.code, 'superseded');
  assert.equal((await home.deployments.get(other))?.state, 'queued');
  assert.equal((await home.deployments.get(second))?.state, 'queued');
});

test('a switch that runs is not canceled', async () => {
  const { home, push, build } = await start();
  const id = await push(1);
  home.probe.answer = () => {
    void cancelDeployment(home)(id).then((answer) => assert.ok(!answer.ok));
    return ok({ status: 200, body: '' });
  };
  assert.equal(await build(id), 'success');
});

test('a build that is canceled stays canceled, and its artifact does not go live', async () => {
  const { home, push, build, live } = await start();
  const id = await push(1);
  home.builds.during = async () => {
    must(await cancelDeployment(home)(id));
    return undefined;
  };
  assert.equal(await build(id), 'canceled');
  assert.equal(await live(), undefined);
});

test('a stop of the platform gives the build back to the queue', async () => {
  const { home, push } = await start();
  const id = await push(1);
  const stop = new AbortController();
  home.builds.during = async () => {
    stop.abort();
    return undefined;
  };
  const outcome = must(await runDeployment(home)(id, stop.signal));
  assert.equal(outcome.kind, 'retry');
  assert.equal((await home.deployments.get(id))?.state, 'queued');
});

test('what the surroundings broke is tried again, what the code broke is not', async () => {
  const { home, push } = await start();
  const id = await push(1);
  home.builds.during = async () => anchorError('source_unreachable', 'no route', 'wait');
  assert.equal(must(await runDeployment(home)(id, new AbortController().signal)).kind, 'retry');
  home.builds.during = async () => anchorError('build_failed', 'broken', 'mend');
  assert.equal(must(await runDeployment(home)(id, new AbortController().signal)).kind, 'done');
  assert.equal((await home.deployments.get(id))?.state, 'failed');
});

test('a crash at the switch is finished after the restart', async () => {
  const { home, push, build, live } = await start();
  const id = await push(1);
  home.probe.settled = async () => {
    throw new Error('killed here');
  };
  await assert.rejects(build(id), /killed here/);
  assert.equal((await home.deployments.get(id))?.state, 'deploying');
  home.probe.settled = async () => ok(undefined);
  assert.deepEqual(await recover(home)(), { deliveries: 0, deployments: 1 });
  assert.equal(await build(id), 'success');
  assert.equal(await live(), id);
  assert.equal(home.builds.requests.length, 1, 'it is not built again');
});

test('a delivery that was stored but not acted on is acted on after a restart', async () => {
  const { home, project, push } = await start();
  const first = await push(1);
  // Its commit is known, so what it means is found out step by step; here that ends before the outcome is noted.
  home.deployments.byDedupeKey = async () => {
    throw new Error('killed here');
  };
  await assert.rejects(push(1), /killed here/);
  home.deployments.byDedupeKey = async (key) => (await home.deployments.list({ projectId: project.id }, { limit: 10 })).items.find(({ dedupeKey }) => dedupeKey === key);
  assert.equal((await recover(home)()).deliveries, 1);
  assert.deepEqual((await home.deliveries.list({ projectId: project.id, state: 'accepted' }, { limit: 10 })).items.map(({ deploymentIds }) => deploymentIds), [[first], [first]]);
});

test('a delivery is stored with its deployment and its job, or not at all', async () => {
  const { home, project, push } = await start();
  home.intake.take = async () => {
    throw new Error('killed here');
  };
  await assert.rejects(push(1), /killed here/);
  assert.deepEqual((await home.deliveries.list({ projectId: project.id }, { limit: 10 })).items, []);
  assert.deepEqual(await home.queue.depth(), { waiting: 0, leased: 0, dead: 0 });
});

test('a clock that steps back makes no newer push the older one', async () => {
  const { home, push, build, live } = await start();
  const first = await push(1);
  home.clock.advance(-3_600_000);
  const second = await push(2);
  assert.equal((await home.deployments.get(first))?.state, 'canceled');
  assert.equal(await build(second), 'success');
  home.clock.advance(-3_600_000);
  const third = await push(3);
  assert.equal(await build(third), 'success');
  assert.equal(await live(), third);
  assert.equal((await home.deployments.get(third))?.notPromoted, undefined);
});

test('rollback goes back, stops automatic promotion, goes further back, and is undone', async () => {
  const { home, project, push, build, live } = await start();
  const ids: DeploymentId[] = [];
  for (const commit of [1, 2, 3]) {
    const id = await push(commit);
    await build(id);
    ids.push(id);
  }
  must(await rollback(home)({ projectId: project.id }));
  assert.equal(await live(), ids[1]);
  const newer = await push(4);
  assert.equal(await build(newer), 'success');
  assert.equal(await live(), ids[1], 'pinned');
  assert.match((await home.deployments.get(newer))?.notPromoted ?? '', /rolled back/);
  must(await rollback(home)({ projectId: project.id }));
  assert.equal(await live(), ids[0], 'further back, not forward');
  must(await undoRollback(home)({ projectId: project.id }));
  assert.equal(await live(), newer);
  const last = await push(5);
  await build(last);
  assert.equal(await live(), last);
});

test('of two promotes at once one wins and the other is told', async () => {
  const { home, push, build, live } = await start();
  const a = await push(1, 'a');
  const b = await push(2, 'b');
  await build(a);
  await build(b);
  const answers = await Promise.all([promote(home)({ deploymentId: a }), promote(home)({ deploymentId: b })]);
  const won = answers.filter((answer) => answer.ok);
  assert.equal(won.length, 1);
  const lost = answers.find((answer) => !answer.ok);
  assert.ok(lost !== undefined && !lost.ok && lost.error.code === 'conflict');
  assert.equal(await live(), answers[0].ok ? a : b);
});

test('a failed deployment can not be promoted', async () => {
  const { home, push, build } = await start();
  const id = await push(1);
  home.builds.during = async () => anchorError('build_failed', 'x', 'y');
  await build(id);
  const answer = await promote(home)({ deploymentId: id });
  assert.ok(!answer.ok && answer.error.code === 'not_ready');
});

test('a rollback brings the variables back that the deployment ran with', async () => {
  const { home, project, push, build } = await start();
  must(await putVariables(home)({ projectId: project.id, environment: 'production', variables: [{ name: 'COLOR', value: 'p@ss#word! $HOME "x"\nsecond' }] }));
  const first = await push(1);
  await build(first);
  must(await putVariables(home)({ projectId: project.id, environment: 'production', variables: [{ name: 'COLOR', value: 'blue' }] }));
  const second = await push(2);
  await build(second);
  const run = async (id: DeploymentId) => must(await openSnapshot(home)(id, (await home.deployments.get(id))?.environmentSnapshot ?? '')).run['COLOR'];
  assert.equal(await run(first), 'p@ss#word! $HOME "x"\nsecond');
  assert.equal(await run(second), 'blue');
  assert.ok(!JSON.stringify(await home.deployments.get(first)).includes('p@ss'));
});

test('a fork pull request is held, gets no secrets when approved, and its previews close with it', async () => {
  const { home, project, build, live } = await start();
  must(await putVariables(home)({ projectId: project.id, environment: 'preview', variables: [{ name: 'TOKEN', value: 'very-secret-value' }, { name: 'PUBLIC', value: 'seen', secret: false }] }));
  const event = { projectId: project.id, source: 'github', event: 'pull_request', headers: {}, body: '{}' } as const;
  const pr = { kind: 'pull_request', number: 7, branch: 'main' as BranchName, fork: true } as const;
  const accepted = must(await acceptPush(home)({ ...event, externalId: '1', push: { ...pr, action: 'opened', commit: sha(9) } }));
  const id = accepted.deploymentIds[0];
  assert.ok(id !== undefined);
  assert.equal((await home.deployments.get(id))?.state, 'held');
  assert.equal((await home.queue.depth()).waiting, 0);
  must(await approveDeployment(home)(id));
  assert.equal(await build(id), 'success');
  const request = home.builds.requests[0];
  assert.equal(request?.variables['TOKEN'], undefined);
  assert.equal(request?.variables['PUBLIC'], 'seen');
  assert.equal(request?.cache.write, false);
  assert.equal((await home.deployments.get(id))?.environment, PREVIEW);
  assert.equal(await live(), undefined, 'a fork never reaches production, whatever its branch is called');
  assert.equal(await live('demo-git-pr-7.localhost'), id);
  must(await acceptPush(home)({ ...event, externalId: '2', push: { ...pr, action: 'closed' } }));
  assert.equal(await live('demo-git-pr-7.localhost'), undefined);
});

test('a deleted branch takes its previews with it but not what was promoted', async () => {
  const { home, project, push, build, live } = await start();
  const a = await push(1, 'feat/x');
  await build(a);
  const b = await push(2, 'feat/x');
  await build(b);
  must(await promote(home)({ deploymentId: b }));
  must(await acceptPush(home)({ projectId: project.id, source: 'github', externalId: 'del', event: 'delete', headers: {}, body: '{}', push: { kind: 'branch_deleted', branch: 'feat/x' as BranchName } }));
  assert.equal(await live('demo-git-feat-x.localhost'), undefined);
  assert.equal(await live((await home.deployments.get(a))?.host), undefined);
  assert.equal(await live((await home.deployments.get(b))?.host), b);
  assert.equal(await live(), b);
});

test('branches with the same slug get hosts of their own, and no branch takes another project its host', async () => {
  const { home, push, build, live } = await start();
  const a = await push(1, 'feat/x');
  const b = await push(2, 'feat-x');
  await build(a);
  await build(b);
  assert.equal(await live('demo-git-feat-x.localhost'), a);
  const hosts = (await home.aliases.listByProject((await home.deployments.get(b))?.projectId ?? 'prj_')).filter((alias) => alias.deploymentId === b && alias.kind === 'branch');
  assert.match(hosts[0]?.host ?? '', /^demo-git-feat-x-[0-9a-f]{6}\.localhost$/);
  assert.ok(!(await createProject(home)('demo-git-feat-x', {})).ok);
});

test('skipped commits and untouched paths make no deployment but are kept as deliveries', async () => {
  const { home, project } = await start();
  const accepted = must(await acceptPush(home)({ projectId: project.id, source: 'github', externalId: 's', event: 'push', headers: {}, body: '{}', push: { kind: 'push', branch: 'main' as BranchName, commit: sha(1), message: 'docs [skip ci]' } }));
  assert.deepEqual(accepted.deploymentIds, []);
  assert.equal(accepted.delivery.state, 'ignored');
});

test('a build is refused before the disk is full, and tried again later', async () => {
  const { home, push } = await start();
  const id = await push(1);
  const full = { ...home, capacity: { roomForBuild: async () => fail('disk_full', 'The disk is nearly full', 'Make room.') } };
  const once = async () => must(await runDeployment(full)(id, new AbortController().signal)).kind;
  assert.deepEqual([await once(), await once(), await once()], ['retry', 'retry', 'done'], 'not for ever');
  assert.equal(home.builds.requests.length, 0);
  assert.equal((await home.deployments.get(id))?.error?.code, 'disk_full');
});

test('secrets of a build are redacted in its log', async () => {
  const { home, project, push, build } = await start();
  must(await putVariables(home)({ projectId: project.id, environment: 'production', variables: [{ name: 'KEY', value: 'sk_live_very_secret' }] }));
  const id = await push(1);
  home.builds.during = async (request, events) => {
    events.output('key is sk_live_ve', 'info', 'build');
    events.output(`ry_secret and ${Buffer.from(request.variables['KEY'] ?? '').toString('base64')}\n`, 'info', 'build');
    return undefined;
  };
  await build(id);
  const text = (await home.logs.read('build', id, {})).map((line) => line.text).join('\n');
  assert.ok(!text.includes('very_secret') && !text.includes(Buffer.from('sk_live_very_secret').toString('base64')));
  assert.match(text, /key is •••/);
});

test('two branches at the same commit share one deployment, each under its own host, whenever the second comes', async () => {
  const { push, build, live } = await start();
  const first = await push(1, 'a');
  assert.equal(await push(1, 'b'), first);
  await build(first);
  assert.equal(await live('demo-git-b.localhost'), first);
  assert.equal(await push(1, 'c'), first);
  assert.equal(await live('demo-git-c.localhost'), first);
});

test('a branch that is set back to an older commit is deployed anew, and so is a commit that failed before', async () => {
  const { home, push, build, live } = await start();
  const first = await push(1);
  await build(first);
  await build(await push(2));
  const back = await push(1);
  assert.notEqual(back, first);
  await build(back);
  assert.equal(await live(), back);
  const failed = await push(3);
  home.builds.during = async () => anchorError('build_failed', 'x', 'y');
  await build(failed);
  assert.notEqual(await push(3), failed);
});

test('of a burst of pushes to one branch only the newest is built, in whatever order their turns come', async () => {
  const { home, push, build, live } = await start();
  const ids: DeploymentId[] = [];
  for (let commit = 1; commit <= 30; commit++) ids.push(await push(commit));
  // As if the pushes had not seen each other, which at the same moment they do not.
  for (const id of ids.slice(0, 3)) {
    const deployment = await home.deployments.get(id);
    assert.ok(deployment !== undefined);
    await home.deployments.replace({ ...deployment, state: 'queued', version: deployment.version + 1 });
  }
  for (const id of ids) await build(id);
  assert.equal(home.builds.requests.length, 1);
  assert.equal(await live(), ids.at(-1));
});

test('restarts of the platform do not use up the tries of a build, but one that never ends is given up', async () => {
  const { home, push, build } = await start();
  const id = await push(1);
  const restart = async () => {
    const stop = new AbortController();
    home.builds.during = async () => {
      stop.abort();
      return undefined;
    };
    must(await runDeployment(home)(id, stop.signal));
  };
  for (let times = 0; times < 4; times++) await restart();
  home.builds.during = async () => anchorError('source_unreachable', 'no route', 'wait');
  assert.equal(must(await runDeployment(home)(id, new AbortController().signal)).kind, 'retry');
  for (let times = 0; times < 5; times++) await restart();
  assert.equal(await build(id), 'failed');
  assert.match((await home.deployments.get(id))?.error?.message ?? '', /begun 10 times/);
});
