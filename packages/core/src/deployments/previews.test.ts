import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { acceptPush } from '../deliveries/accept-push.ts';
import type { PushEvent } from '../deliveries/push-event.ts';
import type { DeploymentId } from '../names/id.ts';
import type { BranchName, CommitSha, HostName } from '../names/name.ts';
import { createProject } from '../projects/projects.ts';
import { removeProject } from '../projects/remove-project.ts';
import { ok, type Result } from '../result/result.ts';
import { approveDeployment } from './cancel.ts';
import { promote } from './promote.ts';
import { rollback } from './rollback.ts';
import { runDeployment } from './run.ts';

const must = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
};
const sha = (n: number): CommitSha => String(n).padStart(40, 'a') as CommitSha;
const FEAT = 'feat' as BranchName;
const MAIN = 'main' as BranchName;

async function start() {
  const home = memoryHome();
  const { project } = must(await createProject(home)('demo', {}));
  let deliveries = 0;
  const send = async (push: PushEvent): Promise<readonly DeploymentId[]> => {
    home.clock.advance(1_000);
    return must(
      await acceptPush(home)({
        projectId: project.id,
        source: 'github',
        externalId: `d${deliveries++}`,
        event: 'push',
        headers: {},
        body: '{}',
        push,
      }),
    ).deploymentIds;
  };
  const one = async (push: PushEvent): Promise<DeploymentId> => {
    const [id] = await send(push);
    assert.ok(id !== undefined, 'no deployment');
    return id;
  };
  return {
    home,
    project,
    send,
    one,
    push: (commit: number, branch = FEAT) => one({ kind: 'push', branch, commit: sha(commit) }),
    state: async (id: DeploymentId) => (await home.deployments.get(id))?.state,
    build: async (id: DeploymentId) =>
      must(await runDeployment(home)(id, new AbortController().signal)).deployment.state,
    live: async (name: string) => (await home.aliases.get(`${name}.localhost` as HostName))?.deploymentId,
  };
}

const pr = (number: number, branch: BranchName, fork: boolean) =>
  ({ kind: 'pull_request', number, branch, fork }) as const;

test('a branch that is deleted while its deployment is switched to has no preview afterwards', async () => {
  const { home, send, push, state, build, live } = await start();
  const id = await push(1);
  const own = (await home.deployments.get(id))?.host.replace('.localhost', '') ?? '';
  home.probe.request = async () => {
    assert.equal(await state(id), 'deploying');
    await send({ kind: 'branch_deleted', branch: FEAT });
    return ok({ status: 200, body: '' });
  };
  assert.equal(await build(id), 'success');
  assert.equal(await live('demo-git-feat'), undefined);
  assert.equal(await live(own), undefined);
});

test('of branches that share a deployment one that is closed gets no host, and the others theirs, until it comes back', async () => {
  const OTHER = 'other' as BranchName;
  const { send, push, build, live, state } = await start();
  const id = await push(1);
  assert.equal(await push(1, OTHER), id);
  await send({ kind: 'branch_deleted', branch: FEAT });
  assert.equal(await state(id), 'queued', 'the other branch goes on');
  assert.equal(await build(id), 'success');
  assert.deepEqual([await live('demo-git-feat'), await live('demo-git-other')], [undefined, id]);
  assert.equal(await push(1), id);
  assert.equal(await live('demo-git-feat'), id);
});

test('a shared deployment ends with the last of its branches', async () => {
  const OTHER = 'other' as BranchName;
  const { send, push, state } = await start();
  const id = await push(1);
  await push(1, OTHER);
  for (const branch of [OTHER, FEAT]) await send({ kind: 'branch_deleted', branch });
  assert.equal(await state(id), 'canceled');
});

test('a branch that is closed while a deployment that it shares is switched to has no host afterwards', async () => {
  const OTHER = 'other' as BranchName;
  const { home, send, push, build, live } = await start();
  const id = await push(1);
  await push(1, OTHER);
  const list = home.aliases.get.bind(home.aliases);
  // Once its host is known to be free, at the last moment before it is pointed at the deployment.
  home.aliases.get = async (name) => {
    if (name === 'demo-git-other.localhost') {
      home.aliases.get = list;
      await send({ kind: 'branch_deleted', branch: OTHER });
    }
    return list(name);
  };
  assert.equal(await build(id), 'success');
  assert.deepEqual([await live('demo-git-feat'), await live('demo-git-other')], [id, undefined]);
});

test('what was built of a fork cannot be promoted, approved or not', async () => {
  const { home, one, build, live } = await start();
  const id = await one({ ...pr(7, FEAT, true), action: 'opened', commit: sha(1) });
  must(await approveDeployment(home)(id));
  assert.equal(await build(id), 'success');
  const refused = await promote(home)({ deploymentId: id });
  assert.ok(!refused.ok && refused.error.code === 'forbidden');
  assert.match(refused.error.fix, /Merge/);
  assert.equal(await live('demo'), undefined);
});

test('a pull request of a fork takes its builds with it, and nothing of our branch of the same name', async () => {
  const { send, one, push, state } = await start();
  const ours = await push(1);
  const held = await one({ ...pr(7, FEAT, true), action: 'opened', commit: sha(2) });
  assert.equal(await state(ours), 'queued', 'a stranger cannot cancel our build');
  assert.equal(await state(held), 'held');
  const other = await one({ ...pr(8, FEAT, true), action: 'opened', commit: sha(3) });
  assert.equal(await state(held), 'held', 'nor that of another fork');
  await send({ ...pr(7, FEAT, true), action: 'closed' });
  assert.equal(await state(held), 'canceled');
  assert.equal(await state(other), 'held');
  assert.equal(await state(ours), 'queued');
});

test('a commit that a fork brought first is built with our rights when it is pushed to our own branch', async () => {
  const { home, one, push, state } = await start();
  const held = await one({ ...pr(7, FEAT, true), action: 'opened', commit: sha(2) });
  const ours = await push(2);
  assert.notEqual(ours, held);
  assert.equal(await state(ours), 'queued');
  assert.equal((await home.deployments.get(ours))?.trusted, true);
});

test('a pull request whose branch was pushed before it was opened has a host of its own', async () => {
  const { one, push, build, live } = await start();
  const before = await push(1);
  assert.equal(await one({ ...pr(3, FEAT, false), action: 'opened', commit: sha(1) }), before, 'it is not built twice');
  await build(before);
  assert.equal(await live('demo-git-pr-3'), before);
  const done = await push(2, 'other' as BranchName);
  await build(done);
  await one({ ...pr(4, 'other' as BranchName, false), action: 'opened', commit: sha(2) });
  assert.equal(await live('demo-git-pr-4'), done);
});

test('a branch that comes back with the same commit has its preview again', async () => {
  const { send, push, build, live } = await start();
  const first = await push(1);
  await build(first);
  await send({ kind: 'branch_deleted', branch: FEAT });
  assert.equal(await live('demo-git-feat'), undefined);
  const second = await push(1);
  await build(second);
  assert.equal(await live('demo-git-feat'), second);
});

test('a worker that lost its lease leaves the deployment to the one that has it', async () => {
  const { home, push, state, live } = await start();
  const id = await push(1, MAIN);
  const lost = new AbortController();
  const { promise: firstEnded, resolve: endFirst } = Promise.withResolvers<void>();
  let second: Promise<unknown> | undefined;
  home.builds.during = async () => {
    const { promise: started, resolve: begin } = Promise.withResolvers<void>();
    home.builds.during = async () => {
      begin();
      await firstEnded;
      return undefined;
    };
    // The lease ran out (a suspended machine): another worker starts before this one knows.
    second = runDeployment(home)(id, new AbortController().signal);
    await started;
    lost.abort();
    return undefined;
  };
  await runDeployment(home)(id, lost.signal);
  endFirst();
  await second;
  assert.equal(await state(id), 'success');
  assert.equal(await live('demo'), id);
});

test('a job that comes back while its deployment is still marked as building builds it again', async () => {
  const { home, push, state } = await start();
  const id = await push(1, MAIN);
  home.builds.during = () => Promise.reject(new Error('killed here'));
  await assert.rejects(runDeployment(home)(id, new AbortController().signal), /killed here/);
  assert.equal(await state(id), 'building');
  home.builds.during = async () => undefined;
  must(await runDeployment(home)(id, new AbortController().signal));
  assert.equal(await state(id), 'success');
});

test('a rollback to what serves already stays there, so that a repeated request does no harm', async () => {
  const { home, project, push, build, live } = await start();
  const first = await push(1, MAIN);
  await build(first);
  const second = await push(2, MAIN);
  await build(second);
  must(await rollback(home)({ projectId: project.id, to: first }));
  must(await rollback(home)({ projectId: project.id, to: first }));
  assert.equal(await live('demo'), first);
  must(await rollback(home)({ projectId: project.id, to: second }));
  assert.equal(await live('demo'), second);
  must(await rollback(home)({ projectId: project.id, to: second }));
  assert.equal(await live('demo'), second);
});

test('a project that is removed while its deployment is switched to leaves no host behind, and its name is free', async () => {
  const { home, project, push, build, live } = await start();
  const id = await push(1, MAIN);
  home.probe.request = async () => {
    must(await removeProject(home)(project.id));
    return ok({ status: 200, body: '' });
  };
  await build(id);
  assert.equal(await live('demo'), undefined);
  assert.deepEqual(await home.aliases.listByProject(project.id), []);
  must(await createProject(home)('demo', {}));
});

test('a disk that is full while a build runs fails the job and not the process', async (t) => {
  const { home, push } = await start();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const id = await push(1, MAIN);
  const replace = home.deployments.replace;
  home.builds.during = async (_request, events) => {
    home.logs.append = () => Promise.reject(new Error('the disk is full'));
    home.deployments.replace = () => Promise.reject(new Error('the disk is full'));
    events.step('install');
    events.output('a line\n', 'info', 'install');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    return undefined;
  };
  await assert.rejects(runDeployment(home)(id, new AbortController().signal), /the disk is full/);
  home.deployments.replace = replace;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});

test('a deployment that was approved is no longer shown as held', async () => {
  const { home, one, build } = await start();
  const held = await one({ ...pr(7, FEAT, true), action: 'opened', commit: sha(2) });
  assert.equal((await home.deployments.get(held))?.error?.code, 'forbidden');
  must(await approveDeployment(home)(held));
  assert.equal((await home.deployments.get(held))?.error, undefined);
  await build(held);
  assert.equal((await home.deployments.get(held))?.error, undefined);
});

test('two branches of one commit whose names make one host get an address each, and keep it when the other goes', async () => {
  const { home, project, send, push, build } = await start();
  const [slash, dash] = ['feat/a' as BranchName, 'feat-a' as BranchName];
  const id = await push(1, slash);
  assert.equal(await push(1, dash), id);
  assert.equal(await build(id), 'success');
  const hosts = async (): Promise<readonly string[]> =>
    (await home.aliases.listByProject(project.id))
      .filter(({ kind }) => kind === 'branch')
      .map(({ host, target }) => `${target} ${host.replace(/-[0-9a-f]{6}\./, '-<hash>.')}`)
      .sort();
  assert.deepEqual(await hosts(), ['feat-a demo-git-feat-a-<hash>.localhost', 'feat/a demo-git-feat-a.localhost']);
  await send({ kind: 'branch_deleted', branch: slash });
  assert.deepEqual(await hosts(), ['feat-a demo-git-feat-a-<hash>.localhost']);
});
