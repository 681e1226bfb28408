import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { FIRST_UID } from '@anchor/sandbox-linux/identity.ts';
import { Git } from './git.ts';
import { GitProcesses } from './git-processes.ts';
import { openGitSandbox } from './git-sandbox.ts';

async function sandboxed(t: TestContext) {
  const directory = await temporaryDirectory();
  const sandbox = openGitSandbox({ data: directory.path, memoryMb: 512 });
  t.after(async () => {
    await sandbox.close();
    await directory.remove();
  });
  const repository = join(directory.path, 'git', 'own.git');
  mkdirSync(join(directory.path, 'git'));
  execFileSync('git', ['init', '-q', '--bare', repository]);
  await sandbox.prepare(repository);
  return { directory: directory.path, sandbox, repository, git: new Git(new GitProcesses({ sandbox })) };
}

/** Runs a program where git would run. */
const inside = (words: readonly string[], ...argv: string[]): string => {
  const [program = '', ...args] = [...words, ...argv];
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
};

test('git of the control plane sees one repository and /usr, has no network and no capabilities', async (t) => {
  const { directory, sandbox, repository } = await sandboxed(t);
  writeFileSync(join(directory, 'key'), 'secret');
  mkdirSync(join(directory, 'git', 'other.git'));
  const words = sandbox.words({ repository, write: true });
  assert.deepEqual(
    inside(words, 'ls', '/')
      .trim()
      .split('\n')
      .filter((name) => !/^(usr|bin|sbin|lib\d*|dev|tmp)$/.test(name)),
    [directory.split('/')[1]].filter((name) => name !== 'tmp'),
  );
  assert.equal(inside(words, 'ls', directory).trim(), 'git');
  assert.equal(inside(words, 'ls', join(directory, 'git')).trim(), 'own.git');
  // There is no /proc inside to read this from.
  assert.throws(() => inside(words, 'mount', '-t', 'tmpfs', 'x', '/tmp'));
  assert.throws(() => inside(words, 'ip', 'route', 'get', '1.1.1.1'));
  inside(words, 'touch', join(repository, 'written'));
  assert.throws(() => inside(sandbox.words({ repository, write: false }), 'touch', join(repository, 'refused')));
});

test('git runs as an unprivileged user of its own repository, which no other repository shares', async (t) => {
  const { directory, sandbox, repository } = await sandboxed(t);
  const other = join(directory, 'git', 'other.git');
  execFileSync('git', ['init', '-q', '--bare', other]);
  await sandbox.prepare(other);
  const [own, others] = [repository, other].map((path) =>
    Number(inside(sandbox.words({ repository: path, write: true }), 'id', '-u')),
  );
  assert.ok(own !== undefined && others !== undefined && own !== others && own >= FIRST_UID && others >= FIRST_UID);
  assert.deepEqual([statSync(repository).uid, statSync(join(repository, 'objects')).uid], [own, own]);
  inside(sandbox.words({ repository, write: true }), 'git', `--git-dir=${repository}`, 'pack-refs', '--all');
});

test('a repository that was used without isolation is writable again with it', async (t) => {
  const { repository, git } = await sandboxed(t);
  const write = async (by: Git, branch: string): Promise<string> => {
    const [tree] = (await by.run(repository, ['mktree'], { write: true })).stdout.split('\n');
    const names = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    const made = await by.run(repository, [...names, 'commit-tree', '-m', branch, tree ?? ''], { write: true });
    return (await by.run(repository, ['update-ref', `refs/heads/${branch}`, made.stdout.trim()], { write: true }))
      .stderr;
  };
  assert.equal(await write(git, 'first'), '');
  // Creates the folder refs/heads/feature as root.
  assert.equal(await write(new Git(), 'feature/one'), '');
  assert.equal(await write(git, 'feature/two'), '');
});

test('git sees no process but its own, cannot stop the first one, and makes no namespaces', async (t) => {
  const { sandbox, repository } = await sandboxed(t);
  const words = sandbox.words({ repository, write: true });
  assert.ok(Number(inside(words, 'sh', '-c', 'echo $$')) < 10);
  assert.throws(() => inside(words, 'sh', '-c', 'kill -STOP 1'));
  assert.throws(() => inside(words, 'sh', '-c', `kill -0 ${process.pid}`));
  for (const namespace of ['--user', '--mount', '--net'])
    assert.throws(() => inside(words, 'unshare', namespace, 'true'));
});

test("git cannot replace the platform's own folder of a repository, which the platform follows", async (t) => {
  const { sandbox, repository } = await sandboxed(t);
  const words = sandbox.words({ repository, write: true });
  assert.throws(() => inside(words, 'mv', join(repository, 'lfs'), join(repository, 'gone')));
  assert.throws(() => inside(words, 'rmdir', join(repository, 'lfs')));
  assert.throws(() => inside(words, 'touch', join(repository, 'lfs', 'x')));
  // A restored backup or an older version may have left anything there.
  rmSync(join(repository, 'lfs'), { recursive: true });
  symlinkSync('/etc', join(repository, 'lfs'));
  await assert.rejects(sandbox.prepare(repository), /is not the platform's own/);
});

test('a process that git leaves behind ends with it, although it has left its process group', async (t) => {
  const { directory, sandbox, repository } = await sandboxed(t);
  const processes = new GitProcesses({ sandbox: { ...sandbox, hooks: join(directory, 'git') } });
  const alias = 'alias.linger=!setsid sleep 987 </dev/null >/dev/null 2>&1 & echo left';
  const git = new Git(processes);
  const { stdout, stderr } = await git.run(repository, ['-c', alias, 'linger'], { write: true });
  assert.equal(stdout, 'left\n', stderr);
  const running = (): string => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  for (let tries = 0; tries < 100 && running().includes('sleep 987'); tries++)
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  assert.ok(!running().includes('sleep 987'));
});

test('a git process that takes more than its share of memory is refused it, and what it started ends with it', async (t) => {
  const { sandbox, repository } = await sandboxed(t);
  const words = sandbox.words({ repository, write: false });
  inside(words, 'head', '-c', '1000', '/dev/zero');
  // A line of 400 MB is held whole; 256 MB is what one process gets.
  assert.throws(() => inside(words, 'sh', '-c', 'head -c 400000000 /dev/zero | tail -n 1 | wc -c | grep -q 400000000'));
  inside(words, 'sh', '-c', 'head -c 100000000 /dev/zero | tail -n 1 | wc -c | grep -q 100000000');
});

test('all git processes together hold no more than the group may, and a group that was removed is created again', async (t) => {
  const { sandbox, repository } = await sandboxed(t);
  const words = sandbox.words({ repository, write: false });
  // Eight of 100 MB each exceed the 512 MB of all: the kernel ends some.
  const hold = (): Promise<string> =>
    new Promise((resolve) => {
      const [program = '', ...args] = [
        ...words,
        'sh',
        '-c',
        'head -c 120000000 /dev/zero | tail -c 100000000 | { sleep 3; wc -c; }',
      ];
      execFile(program, args, { env: { PATH: process.env['PATH'] ?? '' } }, (_error, stdout) => resolve(stdout.trim()));
    });
  assert.equal(await hold(), '100000000');
  const all = await Promise.all(Array.from({ length: 8 }, hold));
  assert.ok(
    all.some((text) => text !== '100000000'),
    JSON.stringify(all),
  );
  await sandbox.close();
  assert.equal(inside(sandbox.words({ repository, write: false }), 'echo', 'again').trim(), 'again');
});

test('git runs in the class of builds, which yields to what is live', async (t) => {
  const { sandbox, repository } = await sandboxed(t);
  const end = sandbox.begin();
  t.after(end);
  const [program = '', ...args] = [...sandbox.words({ repository, write: false }), 'sleep', '60'];
  const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '' }, stdio: 'ignore' });
  t.after(async () => {
    child.kill('SIGKILL');
    await sandbox.close();
  });
  await eventually(() => {
    const groups = readFileSync(`/proc/${child.pid}/cgroup`, 'utf8').split('\n');
    const path = groups.find((line) => /^\d+:(?:cpu|.*,cpu|cpu,.*)?:/.test(line))?.replace(/^[^:]*:[^:]*:/, '');
    assert.match(path ?? '', /\/anchor-[0-9a-f]+-low\/\d+-\d+\/git$/);
  });
});

test('output is read up to its cap, and time is limited', async (t) => {
  const { repository, git } = await sandboxed(t);
  const help = await git.run(repository, ['config', '--list', '--show-origin'], { maxBytes: 10 });
  assert.ok(help.cut);
  const started = performance.now();
  // It waits for input for ever.
  const result = await git.use(repository, ['cat-file', '--batch-check'], { timeoutMs: 200 }, async (child) => {
    for await (const chunk of child.stdout) void chunk;
    return {};
  });
  assert.notEqual(result.code, 0);
  assert.ok(performance.now() - started < 5_000);
});

test('commands beyond two on one repository wait, and others do not wait for them', async (t) => {
  const { directory, repository, git } = await sandboxed(t);
  const other = join(directory, 'git', 'other.git');
  execFileSync('git', ['init', '-q', '--bare', other]);
  const release: (() => void)[] = [];
  let started = 0;
  const held = Array.from({ length: 3 }, () =>
    git.use(repository, ['cat-file', '--batch-check'], {}, async () => {
      started += 1;
      await new Promise<void>((resolve) => {
        release.push(resolve);
      });
      return {};
    }),
  );
  assert.equal((await git.run(other, ['rev-parse', '--git-dir'])).stdout.trim(), other);
  assert.equal(started, 2);
  release.forEach((end) => end());
  await Promise.race(held);
  await git.run(repository, ['rev-parse', '--git-dir']);
  assert.equal(started, 3);
  release.forEach((end) => end());
  await Promise.all(held);
});
