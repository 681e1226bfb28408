import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { moveDeployment } from '@anchor/core/deployments/update.ts';
import { PREVIEW, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { eventually, must } from '@anchor/server/fixtures/open-server.ts';
import { succeeded } from '@anchor/server/fixtures/succeeded.ts';
import { loggedIn } from './fixtures/logged-in.ts';

/** A user in a folder that is linked to the project `shop`. */
async function linked(context: TestContext) {
  const opened = await loggedIn(context);
  const { project } = await opened.server.project('shop');
  assert.equal((await opened.anchor(['link', 'shop'])).code, 0);
  const { ports } = opened.server;
  /** The newest deployment, as soon as there is one. */
  const newest = () =>
    eventually(
      'a deployment',
      async () => (await ports.deployments.list({ projectId: project.id }, { limit: 1 })).items[0],
    );
  const say = (
    id: Awaited<ReturnType<typeof newest>>['id'],
    text: string,
    level: 'info' | 'warn' | 'error' = 'info',
    kind: 'build' | 'run' = 'build',
  ) =>
    ports.logs.append(kind, id, [
      { at: Date.UTC(2030, 0, 1), level, text, ...(kind === 'run' ? { requestId: 'request-1' } : {}) },
    ]);
  return { ...opened, project, ports, newest, say };
}

/** Moves a deployment as its build would, with a line in its log. */
async function build(
  { ports, newest, say }: Awaited<ReturnType<typeof linked>>,
  end: 'success' | 'failed',
): Promise<void> {
  const { id } = await newest();
  must(
    await moveDeployment(ports)(id, 'building', {
      buildStartedAt: Date.now(),
      steps: [{ name: 'build', startedAt: Date.now() }],
    }),
  );
  await say(id, '▸ build');
  await say(id, 'compiled with a warning', 'warn');
  if (end === 'success') {
    await say(id, '✓ build 1.0 s');
    must(await moveDeployment(ports)(id, 'deploying'));
    must(await moveDeployment(ports)(id, 'success'));
  } else {
    await say(id, '✗ build 1.0 s', 'error');
    must(
      await moveDeployment(ports)(id, 'failed', {
        error: {
          code: 'build_failed',
          message: 'The build failed',
          cause: 'exit code 3\nno such thing',
          fix: 'Run npm run build',
        },
      }),
    );
  }
  await ports.logs.close('build', id);
}

test('deploy shows the build as it goes, and at last the address', async (context) => {
  const opened = await linked(context);
  await writeFile(join(opened.folder, 'package.json'), '{"name":"shop"}');
  const [deployed] = await Promise.all([opened.anchor(['deploy']), build(opened, 'success')]);
  assert.equal(deployed.code, 0, deployed.stderr);
  assert.match(deployed.stderr, /▸ build\n {2}compiled with a warning\n✓ build 1\.0 s\n/);
  assert.match(deployed.stdout, /^✓ Deployed in [\d.]+ s\nhttp:\/\/shop-\w+\.localhost:7480\n$/);
});

test('a build that failed ends with exit code 1, its cause, its fix and where the log is', async (context) => {
  const opened = await linked(context);
  await writeFile(join(opened.folder, 'package.json'), '{"name":"shop"}');
  const [deployed] = await Promise.all([opened.anchor(['deploy']), build(opened, 'failed')]);
  assert.equal(deployed.code, 1);
  const { id } = await opened.newest();
  assert.match(
    deployed.stdout,
    new RegExp(
      `^✗ The build failed\\n {2}why: exit code 3\\n {7}no such thing\\n {2}fix: Run npm run build\\n {2}log: anchor logs ${id}\\n$`,
    ),
  );
});

test('at a terminal the step that runs is drawn, and removed before each line', async (context) => {
  const opened = await linked(context);
  await writeFile(join(opened.folder, 'package.json'), '{"name":"shop"}');
  let drawn = (): void => undefined;
  const spinner = new Promise<void>((resolve) => {
    drawn = resolve;
  });
  const deploying = opened.anchor(['deploy'], {
    terminal: true,
    onOutput: (text) => {
      if (/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(text)) drawn();
    },
  });
  await opened.newest();
  await spinner;
  await build(opened, 'success');
  const { code, stderr, stdout } = await deploying;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /\r\u001b\[2K\u001b\[36m.\u001b\[39m queued \u001b\[2m[\d.]+ s/);
  assert.match(stderr, /\r\u001b\[2K {2}\u001b\[33mcompiled with a warning\u001b\[39m\n/);
  assert.match(stdout, /\u001b\[32m✓\u001b\[39m Deployed/);
});

test('Ctrl-C stops watching and prints how to continue', async (context) => {
  const opened = await linked(context);
  await writeFile(join(opened.folder, 'package.json'), '{"name":"shop"}');
  const stopping = new AbortController();
  const deploying = opened.anchor(['deploy'], {
    signal: stopping.signal,
    onOutput: (text) => {
      if (text.includes('▸ build')) stopping.abort();
    },
  });
  const { id } = await opened.newest();
  await opened.say(id, '▸ build');
  const { code, stderr } = await deploying;
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(
      `Stopped watching; the deployment continues\\.[\\s\\S]*anchor inspect ${id} {4}\\(or cancel it: anchor cancel ${id}\\)`,
    ),
  );
});

test('a held deployment of a fork is approved and built', async (context) => {
  const opened = await linked(context);
  const source = { kind: 'git', commit: 'c'.repeat(40) as CommitSha, branch: 'main' as BranchName } as const;
  must(
    await requestDeployment(opened.ports)({
      project: opened.project,
      environment: PREVIEW,
      source,
      pullRequest: { number: 7, fork: true },
    }),
  );
  const { id } = await opened.newest();
  assert.match((await opened.anchor(['deployments', 'list', '--status', 'held'])).stdout, new RegExp(id));
  const [approved] = await Promise.all([
    opened.anchor(['approve', id.slice(-9)]),
    (async () => {
      await eventually('it is queued', async () =>
        (await opened.ports.deployments.get(id))?.state === 'queued' ? true : undefined,
      );
      await build(opened, 'success');
    })(),
  ]);
  assert.equal(approved.code, 0, approved.stderr);
  assert.match(approved.stdout, /^✓ Deployed in/);
  assert.equal((await opened.anchor(['approve', id])).code, 5, 'only a held one can be approved');
});

test('approve --detach does not wait for the build', async (context) => {
  const opened = await linked(context);
  const source = { kind: 'git', commit: 'd'.repeat(40) as CommitSha, branch: 'main' as BranchName } as const;
  must(
    await requestDeployment(opened.ports)({
      project: opened.project,
      environment: PREVIEW,
      source,
      pullRequest: { number: 8, fork: true },
    }),
  );
  const { id } = await opened.newest();
  const { code, stdout } = await opened.anchor(['approve', id, '--detach']);
  assert.deepEqual([code, stdout], [0, `${id} is queued\n`]);
  assert.equal((await opened.anchor(['approve', 'dpl_00000000000000000000'])).code, 4);
});

test('rollback goes back one deployment, or to a named one, and holds until it is undone', async (context) => {
  const { anchor, server, project } = await linked(context);
  const first = await succeeded(server, project, '1', true);
  const second = await succeeded(server, project, '2', true);
  await succeeded(server, project, '3', true);
  const back = await anchor(['rollback']);
  assert.equal(back.code, 0, back.stderr);
  assert.match(
    back.stdout,
    new RegExp(
      `^Rolled back production to ${second.id}\\nhttp://shop\\.localhost:7480\\nNew deployments do not go live[^\\n]*anchor rollback --undo`,
    ),
  );
  const further = await anchor(['rollback', first.id.slice(-9), '--json']);
  assert.deepEqual([JSON.parse(further.stdout).deploymentId, JSON.parse(further.stdout).pinned], [first.id, true]);
  assert.match((await anchor(['rollback', '--undo'])).stdout, /^New deployments go live in production again\.\n$/);
  assert.equal((await anchor(['rollback', first.id, '--undo'])).code, 2, '--undo takes no deployment');
  assert.equal((await anchor(['rollback', 'dpl_00000000000000000000'])).code, 4);
});

test('deliveries are listed with what became of them, and acted on again', async (context) => {
  const { anchor, project, ports } = await linked(context);
  assert.match((await anchor(['deliveries', 'list'])).stdout, /^No deliveries yet\./);
  const push = (externalId: string, message: string, commit: string) =>
    acceptPush(ports)({
      projectId: project.id,
      source: 'github',
      externalId,
      event: 'push',
      headers: {},
      body: '{}',
      push: { kind: 'push', branch: 'main' as BranchName, commit: commit.repeat(40) as CommitSha, message },
    });
  const built = must(await push('one', 'First', 'a'));
  const skipped = must(await push('two', 'Docs [skip ci]', 'b'));
  const { stdout } = await anchor(['deliveries', 'list']);
  assert.match(stdout, new RegExp(`${built.delivery.id} +github +push +accepted +${built.deploymentIds[0]} `));
  assert.match(stdout, new RegExp(`${skipped.delivery.id} +github +push +ignored +[^\\n]*skip marker`));
  assert.doesNotMatch(
    (await anchor(['deliveries', 'list', '--state', 'ignored'])).stdout,
    new RegExp(built.delivery.id),
  );
  assert.equal((await anchor(['deliveries', 'list', '--state', 'lost'])).code, 2);
  assert.match((await anchor(['deliveries', 'list', '--limit', '1'])).stdout, /\nMore: --cursor /);
  assert.match((await anchor(['deliveries', 'replay', built.delivery.id])).stdout, /^Deployments: dpl_/);
  assert.equal((await anchor(['deliveries', 'replay', 'dlv_00000000000000000000'])).code, 4);
});

test('logs are shown, filtered, with times, and as JSON one line each', async (context) => {
  const { anchor, newest, say, server, project } = await linked(context);
  assert.equal((await anchor(['logs'])).code, 4, 'there is no deployment yet');
  await succeeded(server, project, '1', false);
  const { id } = await newest();
  await say(id, 'plain');
  await say(id, 'careful \u001b]0;title\u0007', 'warn');
  await say(id, 'broken', 'error');
  await say(id, 'a request', 'info', 'run');
  assert.equal((await anchor(['logs'])).stdout, 'plain\ncareful \nbroken\n');
  assert.equal((await anchor(['logs', '--level', 'warn', '--text', 'care'])).stdout, 'careful \n');
  assert.match(
    (await anchor(['logs', '--time', '--level', 'error'], { terminal: true })).stdout,
    /^\u001b\[2m2030-01-01T00:00:00\.000Z\u001b\[22m \u001b\[31mbroken/,
  );
  assert.equal((await anchor(['logs', id, '--run', '--request', 'request-1'])).stdout, 'request- a request\n');
  assert.deepEqual(
    (await anchor(['logs', '--json'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).text),
    ['plain', 'careful \u001b]0;title\u0007', 'broken'],
  );
});

test('logs -f continues with new lines, until the log ends or Ctrl-C', async (context) => {
  const { anchor, newest, say, server, project, ports } = await linked(context);
  await succeeded(server, project, '1', false);
  const { id } = await newest();
  await say(id, 'first');
  let seen = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const following = anchor(['logs', id, '--run', '-f'], { onOutput: () => seen() });
  await say(id, 'one', 'info', 'run');
  await first;
  await say(id, 'two', 'info', 'run');
  await ports.logs.close('run', id);
  assert.deepEqual(await following, { code: 0, stdout: 'request- one\nrequest- two\n', stderr: '' });

  const other = await succeeded(server, project, '2', false);
  await say(other.id, 'alive', 'info', 'run');
  const stopping = new AbortController();
  const interrupted = await anchor(['logs', other.id, '--run', '-f'], {
    signal: stopping.signal,
    onOutput: () => stopping.abort(),
  });
  assert.deepEqual([interrupted.code, interrupted.stdout], [0, 'request- alive\n']);
});

test('open prints the address of the site, or of one deployment', async (context) => {
  const { anchor, server, project } = await linked(context);
  const deployment = await succeeded(server, project, '1', true);
  assert.equal((await anchor(['open', '--print'])).stdout, 'http://shop.localhost:7480\n');
  assert.deepEqual(JSON.parse((await anchor(['open', deployment.id.slice(-9), '--json'])).stdout), {
    url: `http://${deployment.host}:7480`,
  });
  assert.equal((await anchor(['open', 'nonsense', '--print'])).code, 2);
  assert.equal((await anchor(['open', '--print', '--project', 'nothing-here'])).code, 4);
});
