import { test } from 'node:test';
import assert from 'node:assert/strict';
import { commit, startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import { putVariables } from '../environments/put-variables.ts';
import type { DeploymentId } from '../names/id.ts';
import { parseBranchName, PREVIEW } from '../names/name.ts';
import { anchorError, fail, ok } from '../result/result.ts';
import { approveDeployment, cancelDeployment } from './cancel.ts';
import { Recovery } from '../records/recovery.ts';
import { requestDeployment } from './request.ts';
import { runDeployment } from './run.ts';

test('a push of the production branch is built, verified and live, with its own and its branch host', async () => {
  const { home, push, build, live } = await startDemo();
  const id = await push(1);
  assert.equal(await build(id), 'success');
  assert.equal(await live(), id);
  assert.equal(await live('demo-git-main.localhost'), id);
  const deployment = await home.deployments.get(id);
  assert.equal(await live(deployment?.host), id);
  assert.deepEqual(
    deployment?.steps.map((step) => step.name),
    ['build', 'publish', 'verify', 'switch'],
  );
  assert.ok(deployment?.steps.every((step) => step.endedAt !== undefined));
});

/**
 * Builds a deployment and returns the Node major that the builder got as pinned. `got`: the one that it took by
 * default; a version is named where it is missing.
 */
const pinnedMajorIn =
  ({ home, build }: Awaited<ReturnType<typeof startDemo>>) =>
  async (id: DeploymentId, got?: string): Promise<string | undefined> => {
    home.builds.defaultNode = got;
    await build(id);
    return home.builds.requests.at(-1)?.pinnedNodeMajor;
  };

test('a build gets the Node major that its environment got by default, also after builds that named one', async () => {
  const demo = await startDemo();
  const { home, push } = demo;
  const pinnedMajor = pinnedMajorIn(demo);
  assert.equal(await pinnedMajor(await push(1), '24'), undefined);
  home.probe.respond = () => ok({ status: 500, body: '' });
  const failing = await push(2);
  assert.equal(await pinnedMajor(failing, '26'), '24');
  assert.equal((await home.deployments.get(failing))?.state, 'failed');
  home.probe.respond = () => ok({ status: 200, body: '' });
  assert.equal(await pinnedMajor(await push(3)), '24', 'what failed does not count');
  assert.equal(await pinnedMajor(await push(4)), '24');
  assert.equal(await pinnedMajor(await push(5), '24'), '24', 'the file that named a version is gone again');
});

test('no preview decides the Node major of production; one without an own major keeps that of production', async () => {
  const demo = await startDemo();
  const { push } = demo;
  const pinnedMajor = pinnedMajorIn(demo);
  assert.equal(await pinnedMajor(await push(1, 'feat'), '26'), undefined);
  assert.equal(await pinnedMajor(await push(2), '24'), undefined, 'production has none yet');
  assert.equal(await pinnedMajor(await push(3, 'feat')), '26');
  assert.equal(await pinnedMajor(await push(4), '24'), '24', 'although the last build of the project named one');
  assert.equal(await pinnedMajor(await push(5, 'other'), '26'), '26');

  const fresh = await startDemo();
  assert.equal(await pinnedMajorIn(fresh)(await fresh.push(1), '24'), undefined);
  assert.equal(await pinnedMajorIn(fresh)(await fresh.push(2, 'feat')), '24');
});

test('what was built of a fork decides no Node major', async () => {
  const demo = await startDemo();
  const { home, project, push } = demo;
  const pinnedMajor = pinnedMajorIn(demo);
  await pinnedMajor(await push(1), '24');
  home.clock.advance(1_000);
  const pullRequest = { number: 7, fork: true };
  const { deployment } = must(
    await requestDeployment(home)({
      project,
      environment: PREVIEW,
      source: { kind: 'git', commit: commit(2), branch: must(parseBranchName('main')) },
      pullRequest,
    }),
  );
  must(await approveDeployment(home)(deployment.id));
  assert.equal(await pinnedMajor(deployment.id, '26'), '24', 'it keeps what production has');
  assert.equal((await home.deployments.get(deployment.id))?.state, 'success');
  assert.equal(await pinnedMajor(await push(3, 'feat'), '24'), '24');
  assert.equal(await pinnedMajor(await push(4), '24'), '24');
});

test('a deployment that fails its verification leaves the old one live and reports the reason', async () => {
  const { home, push, build, live } = await startDemo();
  const good = await push(1);
  await build(good);
  const bad = await push(2);
  home.probe.respond = () => ok({ status: 500, body: '<h1>Boom</h1>' });
  assert.equal(await build(bad), 'failed');
  assert.equal(await live(), good);
  const failed = await home.deployments.get(bad);
  assert.equal(failed?.error?.code, 'verification_failed');
  assert.match(failed?.error?.cause ?? '', /Boom/);
  assert.equal(await live(failed?.host), undefined);
  const log = await home.logs.read('build', bad, {});
  assert.ok(log.some((line) => line.level === 'error' && line.text.startsWith('fix: ')));
});

test('a crash at start is reported by its cause, its fix, and the variables that it calls missing', async () => {
  const { home, push, build } = await startDemo();
  home.probe.respond = () => ok({ status: 503, body: 'Starting' });
  const failWith = async (n: number, texts: readonly string[]) => {
    const id = await push(n);
    const lines = texts.map((text) => ({ at: 0, level: 'error' as const, text }));
    await home.logs.append('run', id, lines);
    assert.equal(await build(id), 'failed');
    return (await home.deployments.get(id))?.error;
  };
  const exited = 'anchor: The function exited while starting: ';
  const restarted = `${exited}exit code 1; the next start is allowed in 1.0 s`;
  const crash = ['app.js:1', 'boom()', '^', 'Error: boom', '  code: 1', '}', 'Node.js v26.10.0', restarted];

  // Without an analysis: what was printed as an error, each line once, without what Node adds.
  const plain = await failWith(1, [...crash, ...crash]);
  assert.equal(plain?.cause?.match(/Error: boom/g)?.length, 1);
  assert.doesNotMatch(plain?.cause ?? '', /Node\.js v|anchor:/);
  assert.match(plain?.cause ?? '', /The function exited while starting: exit code 1$/);

  home.analyzeFailure = (output) => {
    assert.doesNotMatch(output, /^anchor: /m);
    return { lines: ['Error: boom (app.js:1)'], missing: [], fix: 'Do not throw.' };
  };
  const known = await failWith(2, crash);
  assert.equal(known?.cause, 'Error: boom (app.js:1)');
  assert.equal(known?.fix, 'Do not throw.');

  home.analyzeFailure = () => ({ lines: ['Invalid environment'], missing: ['REDIS_URL'] });
  const unset = await failWith(3, crash);
  assert.match(unset?.message ?? '', /REDIS_URL is not set$/);
  assert.match(unset?.fix ?? '', /anchor env set REDIS_URL -e production/);

  home.analyzeFailure = () => undefined;
  const ended = await failWith(4, [`${exited}exit code 0 (It printed nothing.)`]);
  assert.match(ended?.cause ?? '', /^The function exited while starting: exit code 0/);
  assert.match(ended?.fix ?? '', /keeps running and listens on PORT/);
  const large = await failWith(5, [`${exited}signal SIGKILL, killed for using more than 512 MB of memory`]);
  assert.match(large?.fix ?? '', /anchor projects update --memory 1024/);
  const silent = await failWith(6, ['anchor: The function did not become ready within 30 seconds']);
  assert.match(silent?.fix ?? '', /open the port in PORT/);
  const written = await failWith(7, [
    'Error: unable to open database file',
    'anchor: SQLite cannot write its file.',
    restarted,
  ]);
  assert.match(written?.cause ?? '', /unable to open database file[^]*SQLite cannot write its file\.$/);
  assert.match(written?.fix ?? '', /database or a bucket/);
  home.analyzeFailure = () => ({ lines: ["Cannot find package 'koa'"], missing: [], fix: 'Run npm install koa.' });
  const both = await failWith(8, ['anchor: Cannot make "cache": files are read-only.', ...crash]);
  assert.equal(both?.fix, 'Run npm install koa.', 'of what ended it, not of a write that it went on without');
});

test('what a page prints when it fails is its cause, although its lines arrive after the response', async () => {
  const { home, push, build } = await startDemo();
  const id = await push(1);
  home.probe.respond = () => {
    setTimeout(() => void home.logs.append('run', id, [{ at: 0, level: 'error', text: 'Error: no template' }]), 20);
    return ok({ status: 500, body: 'Oops' });
  };
  assert.equal(await build(id), 'failed');
  assert.equal((await home.deployments.get(id))?.error?.cause, 'Error: no template');
});

test('a route that fails beside the home page is explained by the log, and names what it misses', async () => {
  const { home, push, build } = await startDemo();
  home.builds.checks = [{ path: '/shop' }];
  home.analyzeFailure = (output) =>
    output.includes('STRIPE') ? { lines: [output], missing: ['STRIPE_KEY'] } : undefined;
  home.probe.respond = (_, path) => ok({ status: path === '/shop' ? 500 : 200, body: 'Oops' });
  const id = await push(1);
  await home.logs.append('run', id, [{ at: 0, level: 'error', text: 'Error: STRIPE_KEY is not set' }]);
  assert.equal(await build(id), 'failed');
  const error = (await home.deployments.get(id))?.error;
  assert.equal(error?.message, '/shop responded with 500: STRIPE_KEY is not set');
  assert.equal(error?.cause, 'Error: STRIPE_KEY is not set');
  assert.match(error?.fix ?? '', /anchor env set STRIPE_KEY/);
});

test('a variable that the functions have is not called missing, whatever the application says', async () => {
  const { home, project, push, build } = await startDemo();
  must(
    await putVariables(home)({
      projectId: project.id,
      environment: 'production',
      variables: [{ name: 'STRIPE_KEY', value: 'sk_live' }],
    }),
  );
  home.probe.respond = () => ok({ status: 500, body: 'Oops' });
  home.analyzeFailure = () => ({ lines: ['Error: STRIPE_KEY is missing'], missing: ['STRIPE_KEY'] });
  const id = await push(1);
  await home.logs.append('run', id, [{ at: 0, level: 'error', text: 'Error: STRIPE_KEY is missing' }]);
  assert.equal(await build(id), 'failed');
  const error = (await home.deployments.get(id))?.error;
  assert.equal(error?.message, '/ responded with 500 instead of 200 to 399');
  assert.equal(error?.cause, 'Error: STRIPE_KEY is missing');
});

test('an edge that passes 503 for a moment does not fail the deployment', async () => {
  const { home, push, build } = await startDemo();
  let requests = 0;
  home.probe.respond = () => ok({ status: requests++ === 0 ? 503 : 200, body: '' });
  assert.equal(await build(await push(1)), 'success');
});

test('a newer push of the same branch cancels what waits and builds, never another branch', async () => {
  const { home, push } = await startDemo();
  const first = await push(1);
  const other = await push(2, 'feat');
  const second = await push(3);
  assert.equal((await home.deployments.get(first))?.state, 'canceled');
  assert.equal((await home.deployments.get(first))?.error?.code, 'superseded');
  assert.equal((await home.deployments.get(other))?.state, 'queued');
  assert.equal((await home.deployments.get(second))?.state, 'queued');
});

test('a switch that runs is not canceled', async () => {
  const { home, push, build } = await startDemo();
  const id = await push(1);
  home.probe.respond = () => {
    void cancelDeployment(home)(id).then((result) => assert.ok(!result.ok));
    return ok({ status: 200, body: '' });
  };
  assert.equal(await build(id), 'success');
});

test('a build that is canceled stays canceled, and its artifact does not go live', async () => {
  const { home, push, build, live } = await startDemo();
  const id = await push(1);
  home.builds.during = async () => {
    must(await cancelDeployment(home)(id));
    return undefined;
  };
  assert.equal(await build(id), 'canceled');
  assert.equal(await live(), undefined);
});

test('a stop of the platform gives the build back to the queue', async () => {
  const { home, push } = await startDemo();
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

test('failures of the environment are retried, failures of the code are not', async () => {
  const { home, push } = await startDemo();
  const id = await push(1);
  home.builds.during = async () => anchorError('source_unreachable', 'no route', 'wait');
  assert.equal(must(await runDeployment(home)(id, new AbortController().signal)).kind, 'retry');
  home.builds.during = async () => anchorError('build_failed', 'broken', 'mend');
  assert.equal(must(await runDeployment(home)(id, new AbortController().signal)).kind, 'done');
  assert.equal((await home.deployments.get(id))?.state, 'failed');
});

test('a crash at the switch is finished after the restart', async () => {
  const { home, push, build, live } = await startDemo();
  const id = await push(1);
  home.probe.waitUntilServing = async () => {
    throw new Error('killed here');
  };
  await assert.rejects(build(id), /killed here/);
  assert.equal((await home.deployments.get(id))?.state, 'deploying');
  home.probe.waitUntilServing = async () => ok(undefined);
  assert.deepEqual(await new Recovery(home).restart(), { push: 0, delivery: 0, deployment: 1 });
  assert.equal(await build(id), 'success');
  assert.equal(await live(), id);
  assert.equal(home.builds.requests.length, 1, 'it is not built again');
});

test('a clock that steps back makes no newer push the older one', async () => {
  const { home, push, build, live } = await startDemo();
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

test('a build is refused before the disk is full, and retried later', async () => {
  const { home, push } = await startDemo();
  const id = await push(1);
  const full = {
    ...home,
    capacity: { checkSpaceForBuild: async () => fail('disk_full', 'The disk is nearly full', 'Free disk space.') },
  };
  const once = async () => must(await runDeployment(full)(id, new AbortController().signal)).kind;
  assert.deepEqual([await once(), await once(), await once()], ['retry', 'retry', 'done'], 'not for ever');
  assert.equal(home.builds.requests.length, 0);
  assert.equal((await home.deployments.get(id))?.error?.code, 'disk_full');
});

test('secrets of a build are redacted in its log', async () => {
  const { home, project, push, build } = await startDemo();
  must(
    await putVariables(home)({
      projectId: project.id,
      environment: 'production',
      variables: [{ name: 'KEY', value: 'sk_live_very_secret' }],
    }),
  );
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

test('of a burst of pushes to one branch only the newest is built, in whatever order their turns come', async () => {
  const { home, push, build, live } = await startDemo();
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
  const { home, push, build } = await startDemo();
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
  assert.match((await home.deployments.get(id))?.error?.message ?? '', /started 10 times/);
});
