import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { commit, startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import type { BranchName } from '../names/name.ts';
import { runDeployment } from '../deployments/run.ts';
import type { Ports } from '../ports/ports.ts';
import { updateProject } from '../projects/projects.ts';
import { acceptPush } from './accept-push.ts';
import type { Accepted } from './process-delivery.ts';

/** Delivers the push that moved a branch from commit `n - 1` (or `before`) to commit `n`, whatever arrived already. */
async function startDeliveries() {
  const demo = await startDemo();
  const { home, project } = demo;
  let count = 0;
  const deliver = async (
    n: number,
    options: Readonly<{ branch?: string; before?: number; id?: string }> = {},
  ): Promise<Accepted> => {
    home.clock.advance(1_000);
    const { branch = 'main', before = n - 1, id = `delivery-${count++}` } = options;
    const push = {
      kind: 'push',
      branch: branch as BranchName,
      commit: commit(n),
      ...(before === 0 ? {} : { before: commit(before) }),
    } as const;
    return must(
      await acceptPush(home)({
        projectId: project.id,
        source: 'github',
        externalId: id,
        event: 'push',
        headers: {},
        body: '{}',
        push,
      }),
    );
  };
  const headIs = (n: number, branch = 'main'): void => home.heads.set(branch, commit(n));
  const all = async () => (await home.deployments.list({ projectId: project.id }, { limit: 100 })).items;
  /** Builds all that waits, as the worker does, and returns the number of the live commit. */
  const settle = async (): Promise<number> => {
    for (;;) {
      const [next] = (await all()).filter(({ state }) => state === 'queued').sort((a, b) => a.createdAt - b.createdAt);
      if (next === undefined) break;
      await demo.build(next.id);
    }
    const live = await demo.live();
    const source = live === undefined ? undefined : (await home.deployments.get(live))?.source;
    return Number(/\d*$/.exec(source?.commit ?? '')?.[0]);
  };
  return { ...demo, deliver, headIs, all, settle };
}

test('a late delivery of an older push neither cancels the newer build nor replaces what is live', async () => {
  const { deliver, headIs, all, settle, home } = await startDeliveries();
  headIs(4);
  await deliver(4);
  const late = await deliver(3);
  assert.equal(late.delivery.state, 'ignored');
  assert.match(late.delivery.reason ?? '', /^main is at [0-9a-f]{7} already; this push is older$/);
  assert.deepEqual(
    (await all()).map(({ state }) => state),
    ['queued'],
  );
  assert.equal(await settle(), 4);
  await deliver(3);
  assert.equal(await settle(), 4);
  assert.equal(home.heads.lookups.length, 0, 'the newer push names it as the commit before');
});

test('a late delivery with others missing in between is judged by the head that the git host names', async () => {
  const { deliver, headIs, settle, home } = await startDeliveries();
  headIs(9);
  await deliver(9);
  assert.equal((await deliver(2)).delivery.state, 'ignored');
  assert.equal(await settle(), 9);
  assert.deepEqual(home.heads.lookups, [{ kind: 'branch', branch: 'main' }]);
});

test('a delivery that the git host is ahead of deploys the head, which its own delivery then finds', async () => {
  const { deliver, headIs, all, settle } = await startDeliveries();
  await deliver(1);
  headIs(5);
  const third = await deliver(3);
  const fifth = await deliver(5);
  assert.deepEqual(third.deploymentIds, fifth.deploymentIds);
  assert.equal(await settle(), 5);
  assert.equal((await all()).length, 2);
});

test('while the git host does not respond nothing is canceled, and the head decides when the build comes to its turn', async () => {
  const { deliver, headIs, all, settle, home } = await startDeliveries();
  home.heads.reachable = false;
  headIs(9);
  await deliver(9);
  await deliver(2);
  assert.deepEqual(
    (await all()).map(({ state }) => state),
    ['queued', 'queued'],
  );
  home.heads.reachable = true;
  assert.equal(await settle(), 9);
  const states = (await all()).map(({ source, state }) => [source.commit, state]);
  assert.deepEqual(states, [
    [commit(2), 'canceled'],
    [commit(9), 'success'],
  ]);
});

test('a crash while a build is superseded by the head loses neither: the head is deployed by the next attempt', async () => {
  const { deliver, headIs, all, settle, home } = await startDeliveries();
  await deliver(1);
  assert.equal(await settle(), 1);
  home.heads.reachable = false;
  const [id] = (await deliver(3)).deploymentIds;
  home.heads.reachable = true;
  headIs(9);
  const crashing: Ports = {
    ...home,
    pushes: {
      ...home.pushes,
      commit: async () => {
        throw new Error('the platform was killed');
      },
    },
  };
  await assert.rejects(runDeployment(crashing)(id!, new AbortController().signal));
  assert.equal(await settle(), 9);
  assert.deepEqual(
    (await all()).map(({ source, state }) => [source.commit, state]),
    [
      [commit(9), 'success'],
      [commit(3), 'canceled'],
      [commit(1), 'success'],
    ],
  );
});

test('a branch that is reset while the git host does not respond is reset when it responds again, and a late push is not', async () => {
  for (const head of [1, 2]) {
    const { deliver, headIs, settle, home } = await startDeliveries();
    await deliver(1);
    await settle();
    await deliver(2);
    assert.equal(await settle(), 2);
    home.heads.reachable = false;
    await deliver(1, { before: 2 });
    home.heads.reachable = true;
    headIs(head);
    assert.equal(await settle(), head);
  }
});

test('the same commit in many deliveries is one deployment', async () => {
  const { deliver, all, settle } = await startDeliveries();
  const ids = new Set<string>();
  for (let i = 0; i < 3; i++) for (const id of (await deliver(1)).deploymentIds) ids.add(id);
  await settle();
  for (const id of (await deliver(1)).deploymentIds) ids.add(id);
  assert.equal(ids.size, 1);
  assert.equal((await all()).length, 1);
});

test('duplicate bytes serve a commit again only when the git host confirms that the branch is back at it', async () => {
  const { deliver, headIs, settle, all } = await startDeliveries();
  await deliver(1, { id: 'first' });
  await settle();
  await deliver(2);
  assert.equal(await settle(), 2);
  headIs(2);
  assert.equal((await deliver(1, { id: 'first' })).duplicate, true);
  assert.equal(await settle(), 2, 'a replay');
  headIs(1);
  await deliver(1, { id: 'first', before: 2 });
  assert.equal(await settle(), 2, 'the stored delivery says that it came first, and a later one left it');
  await deliver(1, { before: 2 });
  assert.equal(await settle(), 1, 'the branch was set back');
  assert.equal((await all()).length, 2);
});

test('a preview that was closed and comes back serves its deployment again, without a build', async () => {
  const { deliver, home, project, live, build, all } = await startDeliveries();
  const [id] = (await deliver(1, { branch: 'feat' })).deploymentIds;
  await build(id!);
  must(
    await acceptPush(home)({
      projectId: project.id,
      source: 'github',
      externalId: 'gone',
      event: 'push',
      headers: {},
      body: '{}',
      push: { kind: 'branch_deleted', branch: 'feat' as BranchName },
    }),
  );
  assert.equal(await live('demo-git-feat.localhost'), undefined);
  assert.deepEqual((await deliver(1, { branch: 'feat' })).deploymentIds, [id]);
  assert.equal(await live('demo-git-feat.localhost'), id);
  assert.equal(await live((await home.deployments.get(id!))?.host), id);
  assert.equal((await all()).length, 1);
});

test('a branch that is set back to a commit whose files a clean-up removes at that moment is built again', async () => {
  const { deliver, headIs, settle, home } = await startDeliveries();
  const [first] = (await deliver(1)).deploymentIds;
  await settle();
  await deliver(2);
  await settle();
  headIs(1);
  const { replace } = home.deployments;
  let removed = false;
  // The clean-up marks it while the request notes that it is the head.
  home.deployments.replace = async (item) => {
    if (item.id !== first || removed) return replace(item);
    removed = true;
    const current = await home.deployments.get(first);
    await replace({ ...current!, artifactRemovedAt: home.clock.now(), version: current!.version + 1 });
    return replace(item);
  };
  await deliver(1, { before: 2 });
  assert.equal(await settle(), 1);
  assert.notEqual(await home.aliases.get('demo.localhost' as never).then((alias) => alias?.deploymentId), first);
});

test('a late deletion of a branch that was pushed again closes nothing', async () => {
  const { deliver, headIs, home, project, live, build } = await startDeliveries();
  must(await updateProject(home)(project.id, { repositoryUrl: 'https://git.example.com/a/b.git' }));
  headIs(1, 'feat');
  const [id] = (await deliver(1, { branch: 'feat' })).deploymentIds;
  await build(id!);
  const gone = async (externalId: string, before?: number) =>
    must(
      await acceptPush(home)({
        projectId: project.id,
        source: 'github',
        externalId,
        event: 'push',
        headers: {},
        body: '{}',
        push: {
          kind: 'branch_deleted',
          branch: 'feat' as BranchName,
          ...(before === undefined ? {} : { before: commit(before) }),
        },
      }),
    ).delivery;
  const late = await gone('late', 7);
  assert.deepEqual([late.state, late.reason?.endsWith('this deletion is older')], ['ignored', true]);
  assert.equal(await live('demo-git-feat.localhost'), id);
  home.heads.drop('feat');
  assert.equal((await gone('true')).state, 'accepted');
  assert.equal(await live('demo-git-feat.localhost'), undefined);
  headIs(1, 'feat');
  await deliver(1, { branch: 'feat' });
  assert.equal(await live('demo-git-feat.localhost'), id);
  home.heads.drop('feat');
  await gone('true');
  assert.equal(await live('demo-git-feat.localhost'), undefined, 'some hosts send the same bytes for each deletion');
  headIs(1, 'feat');
  await deliver(1, { branch: 'feat' });
  assert.equal((await gone('lagging', 1)).state, 'accepted');
  assert.equal(
    await live('demo-git-feat.localhost'),
    undefined,
    'a replica of the host that lags still names the deleted commit',
  );
});

test("a second branch at the commit of a first does not supersede the first one's newer build", async () => {
  const { deliver, all, headIs } = await startDeliveries();
  headIs(2, 'a');
  headIs(1, 'b');
  const [first] = (await deliver(1, { branch: 'a' })).deploymentIds;
  await deliver(2, { branch: 'a' });
  await deliver(1, { branch: 'b', before: 0 });
  const states = Object.fromEntries((await all()).map(({ id, state }) => [id, state]));
  assert.equal(Object.values(states).filter((state) => state === 'queued').length, 2, JSON.stringify([first, states]));
});

test('in whatever order deliveries arrive, and however often, the head of the branch is live at the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 6 }),
      fc.array(fc.nat({ max: 5 }), { maxLength: 6 }),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      async (order, repeats, builds) => {
        const { deliver, headIs, all, settle } = await startDeliveries();
        headIs(6);
        const arrivals = [...order, ...repeats.map((i) => order[i]!)];
        for (const [i, n] of arrivals.entries()) {
          await deliver(n);
          if (builds[i] === true) await settle();
        }
        assert.equal(await settle(), 6);
        const commits = (await all()).map(({ source }) => source.commit);
        assert.equal(new Set(commits).size, commits.length, 'one commit is one deployment');
      },
    ),
    { numRuns: 60 },
  );
});
