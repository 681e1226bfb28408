import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { DIRECT_LAUNCHER } from './direct-launcher.ts';
import { endGit, type GitChild } from './git-child.ts';
import type { GitLauncher } from './git-launcher.ts';
import { HelperLauncher } from './helper-launcher.ts';

const ENV = { PATH: process.env['PATH'] ?? '' };
const shell = (launcher: GitLauncher, script: string): Promise<GitChild> =>
  launcher.start(['/bin/sh', '-c', script], ENV);

async function helperLauncher(t: TestContext, idleMs = 60_000, startMs = 60_000): Promise<HelperLauncher> {
  const directory = await temporaryDirectory();
  const launcher = new HelperLauncher({ socket: join(directory.path, 'git.sock'), idleMs, startMs });
  t.after(async () => {
    await launcher.close();
    await directory.remove();
  });
  return launcher;
}

const parentOf = (pid: number): number => Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)]));
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const eventually = async (condition: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 200 && !condition(); tries++)
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  assert.ok(condition());
};
/** The first line that a program prints, whose pipes stay open. */
const firstLine = (child: GitChild): Promise<string> =>
  new Promise((resolve) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
  });

for (const [name, open] of [
  ['directly', async () => DIRECT_LAUNCHER],
  ['by the helper', helperLauncher],
] as const) {
  test(`started ${name}: input, both outputs, environment and exit code arrive`, async (t) => {
    const child = await (
      await open(t)
    ).start(['/bin/sh', '-c', 'cat; echo "$GREETING" >&2; exit 3'], {
      ...ENV,
      GREETING: 'hi',
    });
    child.stdin.end('in');
    const read = Promise.all([text(child.stdout), text(child.stderr)]);
    assert.deepEqual(await read, ['in', 'hi\n']);
    assert.deepEqual(await child.closed, { code: 3 });
  });

  test(`started ${name}: megabytes pass through unchanged both ways, of several at once`, async (t) => {
    const launcher = await open(t);
    const sent = Buffer.alloc(8 * 1024 * 1024, 'anchor');
    const echoed = async (): Promise<void> => {
      const child = await shell(launcher, 'exec cat');
      child.stderr.resume();
      child.stdin.end(sent);
      assert.ok((await buffer(child.stdout)).equals(sent));
      assert.equal((await child.closed).code, 0);
    };
    await Promise.all([echoed(), echoed(), echoed()]);
  });

  test(`started ${name}: a program that does not exist is an error with its name`, async (t) => {
    await assert.rejects(
      (await open(t)).start(['anchor-no-such-git'], ENV),
      /could not be started: .*anchor-no-such-git/,
    );
  });

  test(`started ${name}: ending it sends SIGTERM first, so that it can clean up`, async (t) => {
    const child = await shell(
      await open(t),
      'trap "echo tidied; exit 0" TERM; echo ready; while :; do sleep 0.05; done',
    );
    child.stderr.resume();
    assert.equal(await firstLine(child), 'ready');
    endGit(child);
    assert.equal(await text(child.stdout), 'tidied\n');
    assert.equal((await child.closed).code, 0);
  });

  test(`started ${name}: input is refused after the program has ended, and nothing throws`, async (t) => {
    const child = await shell(await open(t), 'exec true');
    child.stdout.resume();
    child.stderr.resume();
    child.stdin.on('error', () => undefined);
    await child.closed;
    child.stdin.write('x');
    await eventually(() => !child.stdin.writable);
  });
}

test('git is a child of the helper, and never of the server, whose event loop would wait for it', async (t) => {
  const launcher = await helperLauncher(t);
  const children = await Promise.all(Array.from({ length: 3 }, () => shell(launcher, 'echo $$; exec cat')));
  for (const child of children) {
    assert.equal(parentOf(Number(await firstLine(child))), await launcher.pid());
    child.stderr.resume();
    child.stdin.end();
    await child.closed;
  }
});

test('output that was written before it is read is not lost', async (t) => {
  const child = await shell(await helperLauncher(t), 'echo early; echo late >&2');
  await new Promise((resolve) => {
    setTimeout(resolve, 200);
  });
  assert.deepEqual(await Promise.all([text(child.stdout), text(child.stderr)]), ['early\n', 'late\n']);
  assert.equal((await child.closed).code, 0);
});

test('a helper that is killed takes no git with it, and the next git gets a new one', async (t) => {
  const launcher = await helperLauncher(t);
  const child = await shell(launcher, 'echo $$; exec cat');
  child.stderr.resume();
  const git = Number(await firstLine(child));
  const helper = (await launcher.pid()) ?? 0;
  process.kill(helper, 'SIGKILL');
  await eventually(() => !lives(helper));
  assert.ok(lives(git));
  child.stdin.end('still here');
  assert.equal(await text(child.stdout), 'still here');
  assert.deepEqual(await child.closed, { code: null, error: 'the helper that started git exited' });
  const next = await shell(launcher, 'exit 0');
  for (const stream of [next.stdout, next.stderr]) stream.resume();
  assert.equal((await next.closed).code, 0);
  assert.notEqual(await launcher.pid(), helper);
});

test('a helper that is stopped fails the gits it should start, and the next one gets a new helper', async (t) => {
  const launcher = await helperLauncher(t, 60_000, 2_000);
  const child = await shell(launcher, 'exec cat');
  child.stderr.resume();
  const helper = (await launcher.pid()) ?? 0;
  process.kill(helper, 'SIGSTOP');
  await assert.rejects(shell(launcher, 'exit 0'), /git could not be started/);
  child.stdin.end('still here');
  assert.equal(await text(child.stdout), 'still here');
  const next = await shell(launcher, 'exit 0');
  for (const stream of [next.stdout, next.stderr]) stream.resume();
  assert.equal((await next.closed).code, 0);
});

test('a git that outlives its helper does not close the next one, which is busy', async (t) => {
  const launcher = await helperLauncher(t, 50);
  const orphan = await shell(launcher, 'exec cat');
  for (const stream of [orphan.stdout, orphan.stderr]) stream.resume();
  const helper = (await launcher.pid()) ?? 0;
  process.kill(helper, 'SIGKILL');
  await eventually(() => !lives(helper));
  const child = await shell(launcher, 'sleep 0.5; exit 3');
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  orphan.stdin.end();
  await orphan.closed;
  assert.deepEqual(await child.closed, { code: 3 });
});

test('signals that stop the server do not end the helper before it', async (t) => {
  const launcher = await helperLauncher(t);
  const child = await shell(launcher, 'sleep 0.2; exit 3');
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill((await launcher.pid()) ?? 0, signal);
  assert.deepEqual(await child.closed, { code: 3 });
});

test('an idle helper exits', async (t) => {
  const launcher = await helperLauncher(t, 50);
  const child = await shell(launcher, 'exit 0');
  const helper = (await launcher.pid()) ?? 0;
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  await child.closed;
  await eventually(() => !lives(helper));
  assert.equal(await launcher.pid(), undefined);
});

test('a program that waits for git alone does not end before it, and ends although the helper is idle', async () => {
  const directory = await temporaryDirectory();
  const script = `
    import { HelperLauncher } from ${JSON.stringify(new URL('helper-launcher.ts', import.meta.url).href)};
    const launcher = new HelperLauncher({ socket: ${JSON.stringify(join(directory.path, 'git.sock'))} });
    const child = await launcher.start(['/bin/sh', '-c', 'exec >&- 2>&-; sleep 0.3; exit 7'], {});
    for (const stream of [child.stdout, child.stderr]) stream.resume();
    console.log((await child.closed).code);
    if (process.argv[1] === 'close') await launcher.close();
    console.log('end');
  `;
  for (const how of ['leave', 'close']) {
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script, how], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(printed, '7\nend\n', how);
  }
  await directory.remove();
});
