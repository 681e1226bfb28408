import { test } from 'node:test';
import assert from 'node:assert/strict';
import { commit, startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import { acceptPush } from '../deliveries/accept-push.ts';
import { approveDeployment } from '../deployments/cancel.ts';
import type { BranchName } from '../names/name.ts';
import { putVariables } from './put-variables.ts';

async function demo() {
  const started = await startDemo();
  const { home, project } = started;
  const put = async (values: Readonly<Record<string, string>>, branch?: string, environment = 'preview') =>
    must(
      await putVariables(home)({
        projectId: project.id,
        environment,
        ...(branch === undefined ? {} : { branch }),
        variables: Object.entries(values).map(([name, value]) => ({ name, value, secret: false })),
      }),
    );
  const seen = (name: string): string | undefined => home.builds.requests.at(-1)?.variables[name];
  return { ...started, put, seen };
}

test('the value of a branch wins over that of preview, for previews of that branch only', async () => {
  const { push, build, put, seen } = await demo();
  await put({ API: 'of production' }, undefined, 'production');
  await put({ API: 'of preview', OTHER: 'of preview' });
  await put({ API: 'of feature/x' }, 'feature/x');
  for (const [branch, api] of [
    ['feature/x', 'of feature/x'],
    ['feature/y', 'of preview'],
    ['main', 'of production'],
  ] as const) {
    await build(await push(branch.length, branch));
    assert.equal(seen('API'), api, branch);
    assert.equal(seen('OTHER'), branch === 'main' ? undefined : 'of preview');
  }
});

test('a commit on two branches is two deployments when one of them has values of its own', async () => {
  const { push, build, put, seen } = await demo();
  await put({ API: 'of preview' });
  const plain = await push(1, 'feature/a');
  assert.equal(await push(1, 'feature/b'), plain, 'without, both share one');
  await put({ API: 'of feature/x' }, 'feature/x');
  const own = await push(1, 'feature/x');
  assert.notEqual(own, plain);
  await build(own);
  assert.equal(seen('API'), 'of feature/x');
  await build(plain);
  assert.equal(seen('API'), 'of preview');
});

test('a fork whose branch is called the same gets nothing of it', async () => {
  const { home, project, build, put, seen } = await demo();
  await put({ API: 'of feature/x' }, 'feature/x');
  const pr = { kind: 'pull_request', number: 7, branch: 'feature/x' as BranchName, fork: true } as const;
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
  assert.equal(seen('API'), undefined);
});
