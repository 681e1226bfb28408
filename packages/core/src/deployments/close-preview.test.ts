import { test } from 'node:test';
import assert from 'node:assert/strict';
import { commit, startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import { acceptPush } from '../deliveries/accept-push.ts';
import { putVariables } from '../environments/put-variables.ts';
import { PREVIEW, type BranchName } from '../names/name.ts';
import { createProject } from '../projects/projects.ts';
import { approveDeployment } from './cancel.ts';
import { promote } from './promote.ts';

test('a fork pull request is held, gets no secrets when approved, and its previews close with it', async () => {
  const { home, project, build, live } = await startDemo();
  must(
    await putVariables(home)({
      projectId: project.id,
      environment: 'preview',
      variables: [
        { name: 'TOKEN', value: 'very-secret-value' },
        { name: 'PUBLIC', value: 'seen', secret: false },
      ],
    }),
  );
  const event = { projectId: project.id, source: 'github', event: 'pull_request', headers: {}, body: '{}' } as const;
  const pr = { kind: 'pull_request', number: 7, branch: 'main' as BranchName, fork: true } as const;
  const accepted = must(
    await acceptPush(home)({ ...event, externalId: '1', push: { ...pr, action: 'opened', commit: commit(9) } }),
  );
  const id = accepted.deploymentIds[0];
  assert.ok(id !== undefined);
  assert.equal((await home.deployments.get(id))?.state, 'held');
  assert.equal((await home.queue.depth()).pending, 0);
  must(await approveDeployment(home)(id));
  assert.equal(await build(id), 'success');
  const request = home.builds.requests[0];
  assert.equal(request?.variables['TOKEN'], undefined);
  assert.equal(request?.variables['PUBLIC'], 'seen');
  assert.equal(request?.cache, undefined, 'nor what builds of production left');
  assert.equal((await home.deployments.get(id))?.environment, PREVIEW);
  assert.equal(await live(), undefined, 'a fork never reaches production, whatever its branch is called');
  assert.equal(await live('demo-git-pr-7.localhost'), id);
  must(await acceptPush(home)({ ...event, externalId: '2', push: { ...pr, action: 'closed' } }));
  assert.equal(await live('demo-git-pr-7.localhost'), undefined);
});

test('a fork gets another key for server actions than production', async () => {
  const { home, project, push, build } = await startDemo();
  await build(await push(1));
  const pr = { kind: 'pull_request', number: 7, branch: 'main' as BranchName, fork: true } as const;
  const accepted = must(
    await acceptPush(home)({
      projectId: project.id,
      source: 'github',
      event: 'pull_request',
      headers: {},
      body: '{}',
      externalId: '1',
      push: { ...pr, action: 'opened', commit: commit(9) },
    }),
  );
  const id = accepted.deploymentIds[0];
  assert.ok(id !== undefined);
  must(await approveDeployment(home)(id));
  await build(id);
  const [production, fork] = home.builds.requests.map(
    ({ variables }) => variables['NEXT_SERVER_ACTIONS_ENCRYPTION_KEY'] ?? '',
  );
  assert.equal(fork?.length, production?.length);
  assert.notEqual(fork, production);
});

test('a deleted branch takes its previews with it but not what was promoted', async () => {
  const { home, project, push, build, live } = await startDemo();
  const a = await push(1, 'feat/x');
  await build(a);
  const b = await push(2, 'feat/x');
  await build(b);
  must(await promote(home)({ deploymentId: b }));
  must(
    await acceptPush(home)({
      projectId: project.id,
      source: 'github',
      externalId: 'del',
      event: 'delete',
      headers: {},
      body: '{}',
      push: { kind: 'branch_deleted', branch: 'feat/x' as BranchName },
    }),
  );
  assert.equal(await live('demo-git-feat-x.localhost'), undefined);
  assert.equal(await live((await home.deployments.get(a))?.host), undefined);
  assert.equal(await live((await home.deployments.get(b))?.host), b);
  assert.equal(await live(), b);
});

test("branches with the same slug get hosts of their own, and no branch takes another project's host", async () => {
  const { home, push, build, live } = await startDemo();
  const a = await push(1, 'feat/x');
  const b = await push(2, 'feat-x');
  await build(a);
  await build(b);
  assert.equal(await live('demo-git-feat-x.localhost'), a);
  const hosts = (await home.aliases.listByProject((await home.deployments.get(b))?.projectId ?? 'prj_')).filter(
    (alias) => alias.deploymentId === b && alias.kind === 'branch',
  );
  assert.match(hosts[0]?.host ?? '', /^demo-git-feat-x-[0-9a-f]{6}\.localhost$/);
  assert.ok(!(await createProject(home)('demo-git-feat-x', {})).ok);
});
