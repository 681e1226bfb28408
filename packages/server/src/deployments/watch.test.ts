import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { moveDeployment } from '@anchor/core/deployments/update.ts';
import { PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { createProject } from '@anchor/core/projects/projects.ts';
import { encodePage, linesOf } from '@anchor/core/logs/log-page.ts';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { must } from '@anchor/testing/samples.ts';
import { watchDeployment } from './watch.ts';

/** A queued deployment in memory, whose reads are counted, and timers that only the test moves. */
async function queued(context: TestContext) {
  const home = memoryHome();
  const { project } = must(await createProject(home)('shop', {}));
  const source = { kind: 'git', commit: 'a'.repeat(40) as CommitSha, branch: 'main' as BranchName } as const;
  const { deployment } = must(await requestDeployment(home)({ project, environment: PRODUCTION, source }));
  let reads = 0;
  const { get } = home.deployments;
  const deployments = {
    ...home.deployments,
    get: (id: Parameters<typeof get>[0]) => {
      reads += 1;
      return get(id);
    },
  };
  const stop = new AbortController();
  context.after(() => stop.abort());
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  /** Lets `ms` pass in steps, as many promises being settled in between as there are. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      context.mock.timers.tick(50);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  const watch = (kind: 'build' | 'run' = 'build') =>
    watchDeployment({ logs: home.logs, deployments }, deployment.id, kind, { after: 0 }, stop.signal);
  return { home, id: deployment.id, watch, stop, pass, reads: () => reads };
}

/** The next state or end; lines are left out. */
async function nextState(events: ReturnType<typeof watchDeployment>): Promise<string> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) return 'done';
    if (value.type !== 'lines') return `${value.type} ${value.deployment.state}`;
  }
}

test('a deployment that does not change is hardly read, however many follow it', async (t) => {
  const { watch, stop, pass, reads } = await queued(t);
  const followers = Array.from({ length: 10 }, () => watch());
  for (const events of followers) assert.equal(await nextState(events), 'deployment queued');
  const pending = followers.map((events) => events.next());
  await pass(10_000);
  assert.ok(reads() <= 40, `${reads()} reads by 10 followers in 10 seconds`);
  stop.abort();
  for (const { done } of await Promise.all(pending)) assert.equal(done, true);
});

test('each change is reported at once, without time passing', async (t) => {
  const { home, id, watch } = await queued(t);
  const events = watch();
  assert.equal(await nextState(events), 'deployment queued');
  for (const state of ['building', 'deploying'] as const) {
    must(await moveDeployment(home)(id, state));
    assert.equal(await nextState(events), `deployment ${state}`);
  }
  must(await moveDeployment(home)(id, 'success'));
  assert.equal(await nextState(events), 'deployment success');
  await home.logs.close('build', id);
  assert.equal(await nextState(events), 'end success');
  assert.equal(await nextState(events), 'done');
});

test('a build log that was never closed ends soon after its deployment', async (t) => {
  const { home, id, watch, pass } = await queued(t);
  const events = watch();
  must(await moveDeployment(home)(id, 'canceled'));
  assert.equal(await nextState(events), 'deployment canceled');
  const ended = nextState(events);
  await pass(2_500);
  assert.equal(await ended, 'end canceled');
});

test('followers of a removed deployment end without waiting', async (t) => {
  const { home, id, watch } = await queued(t);
  const events = watch('run');
  assert.equal(await nextState(events), 'deployment queued');
  await home.deployments.remove(id);
  assert.equal(await nextState(events), 'done');
});

test('a reader that goes away leaves no follower behind', async (t) => {
  const { home, watch, stop } = await queued(t);
  const events = watch();
  assert.equal(await nextState(events), 'deployment queued');
  const next = events.next();
  stop.abort();
  assert.equal((await next).done, true);
  assert.equal(home.deployments.followed(), 0);
});

test('a reader slower than the wait for the last lines gets all of a finished log', async (t) => {
  const { home, id, pass, stop } = await queued(t);
  const count = 20;
  const lines = Array.from({ length: count }, (_, i) => ({ at: 0, level: 'info' as const, text: `line ${i}` }));
  await home.logs.append('build', id, lines);
  must(await moveDeployment(home)(id, 'canceled'));
  // In pages of one line: as slow as a large log, and never closed.
  const logs = {
    ...home.logs,
    async *follow(...following: Parameters<typeof home.logs.follow>) {
      for await (const page of home.logs.follow(...following))
        for (const line of linesOf(page)) yield encodePage([line]);
    },
  };
  for (const filter of [{ after: 0 }, { limit: count }]) {
    const texts: string[] = [];
    let ending: Promise<void> | undefined;
    for await (const event of watchDeployment({ ...home, logs }, id, 'build', filter, stop.signal)) {
      if (event.type === 'lines') texts.push(...[...linesOf(event.page)].map(({ text }) => text));
      if (event.type === 'end') break;
      await pass(1_000);
      if (texts.length === count) ending ??= pass(2_500);
    }
    await ending;
    assert.deepEqual(
      texts,
      lines.map(({ text }) => text),
    );
  }
});
