import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { Git } from '../process/git.ts';
import { GitProcesses } from '../process/git-processes.ts';
import { openGitSandbox } from '../process/git-sandbox.ts';
import { pruneLfs } from './lfs-upkeep.ts';
import { RepositoryGate } from './repository-gate.ts';
import { sweepTemporaries, tidyRepository } from './repository-upkeep.ts';

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@b.c',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@b.c',
  // A confined git has given it to another user.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
};
const MB = 1024 * 1024;

async function pushed(t: TestContext) {
  const directory = await temporaryDirectory();
  t.after(directory.remove);
  const [tree, repository] = [join(directory.path, 'tree'), join(directory.path, 'bare.git')];
  const git = (cwd: string, ...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  mkdirSync(tree);
  git(directory.path, 'init', '-q', '--bare', repository);
  git(repository, 'config', 'receive.unpackLimit', '1');
  git(repository, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  git(tree, 'init', '-q', '-b', 'main');
  /** A commit without a parent that holds so many megabytes, forced to the branch. */
  const push = (megabytes: number, branch = 'main'): string => {
    git(tree, 'checkout', '-q', '--orphan', `b${randomBytes(4).toString('hex')}`);
    writeFileSync(join(tree, 'file'), randomBytes(megabytes * MB + 16));
    git(tree, 'add', '-A');
    git(tree, 'commit', '-q', '-m', 'x');
    git(tree, 'push', '-q', '--force', repository, `HEAD:${branch}`);
    return git(tree, 'rev-parse', 'HEAD');
  };
  const has = (sha: string): boolean => {
    try {
      git(repository, 'cat-file', '-e', sha);
      return true;
    } catch {
      return false;
    }
  };
  return { directory: directory.path, repository, tree, push, has, git };
}

test('what no branch reaches is removed, and commits that deployments need stay and can be fetched', async (t) => {
  const { directory, repository, push, has, git } = await pushed(t);
  const [dropped, needed, live] = [push(6), push(6), push(1)];
  assert.ok(has(dropped));
  assert.ok((await tidyRepository(new Git(), repository, [needed], { dryRun: true })).freedBytes > 5 * MB);
  assert.ok(has(dropped));
  const { bytes, freedBytes } = await tidyRepository(new Git(), repository, [needed, '1'.repeat(40)], {
    dryRun: false,
  });
  assert.ok(freedBytes > 5 * MB && bytes < 8 * MB, `${bytes} ${freedBytes}`);
  assert.deepEqual([dropped, needed, live].map(has), [false, true, true]);
  mkdirSync(join(directory, 'fetch'));
  git(join(directory, 'fetch'), 'init', '-q');
  git(join(directory, 'fetch'), 'fetch', '-q', '--depth=1', `file://${repository}`, needed);
  // Its deployment is gone: so is the commit.
  await tidyRepository(new Git(), repository, [], { dryRun: false });
  assert.deepEqual([needed, live].map(has), [false, true]);
});

test('a repository that did not change since is not read again, and one of many small packs is repacked', async (t) => {
  const { repository, push, has } = await pushed(t);
  const shas = Array.from({ length: 22 }, (_, n) => push(0, `b${n}`));
  const packs = (): number =>
    readdirSync(join(repository, 'objects', 'pack')).filter((name) => name.endsWith('.pack')).length;
  assert.equal(packs(), 22);
  await tidyRepository(new Git(), repository, [], { dryRun: false });
  assert.equal(packs(), 1);
  assert.ok(shas.every(has));
  const started = performance.now();
  await tidyRepository(new Git(), repository, [], { dryRun: false });
  assert.ok(performance.now() - started < 2_000);
});

test('upkeep works where git is confined', async (t) => {
  const { directory, repository, push, has } = await pushed(t);
  const sandbox = openGitSandbox({ data: directory, memoryMb: 512 });
  t.after(sandbox.close);
  const [dropped, live] = [push(6), push(1)];
  await tidyRepository(new Git(new GitProcesses({ sandbox })), repository, [], { dryRun: false });
  assert.deepEqual([dropped, live].map(has), [false, true]);
});

test('what broken pushes left is swept, in the depth of branch names too, and nothing else', async (t) => {
  const { repository, push, has, git } = await pushed(t);
  const live = push(0, 'feat/a/b');
  const left = [
    'objects/tmp_objdir-incoming-x/pack/tmp_pack_1',
    'objects/pack/tmp_pack_2',
    'refs/heads/feat/a/b.lock',
    'packed-refs.lock',
    'objects/incoming-y/z',
  ];
  for (const path of left) {
    mkdirSync(join(repository, path, '..'), { recursive: true });
    writeFileSync(join(repository, path), 'x');
  }
  await sweepTemporaries(repository, 3_600_000);
  const all = (): readonly string[] => readdirSync(repository, { recursive: true }).map(String);
  for (const path of left) assert.ok(all().includes(path));
  const before = new Date(Date.now() - 7_200_000);
  for (const path of [...left, 'objects/tmp_objdir-incoming-x', 'objects/incoming-y'])
    utimesSync(join(repository, path), before, before);
  await sweepTemporaries(repository, 3_600_000);
  for (const path of left) assert.ok(!all().includes(path), path);
  assert.ok(has(live));
  assert.equal(git(repository, 'rev-parse', 'refs/heads/feat/a/b'), live);
});

test('branches and tags whose names look like those of temporary files are not swept', async (t) => {
  const { repository, push, git } = await pushed(t);
  const names = ['incoming-orders', 'incoming-x/y', 'feat/tmp_obj_cache', 'tmp_pack_1'];
  for (const [index, name] of names.entries()) push(index, name);
  await sweepTemporaries(repository, 0);
  assert.deepEqual(
    git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n').sort(),
    [...names].sort(),
  );
});

test('a push waits for upkeep, and upkeep leaves a repository alone that is being pushed to', async () => {
  const gate = new RepositoryGate();
  const leave = await gate.enter('a');
  assert.equal(await gate.alone('a', async () => 'ran'), undefined);
  assert.equal(await gate.alone('b', async () => 'ran'), 'ran');
  leave();
  const { promise, resolve } = Promise.withResolvers<void>();
  const upkeep = gate.alone('a', () => promise);
  let entered = false;
  const push = gate.enter('a').then((end) => {
    entered = true;
    return end;
  });
  await new Promise((next) => {
    setImmediate(next);
  });
  assert.equal(entered, false);
  resolve();
  await upkeep;
  (await push)();
  assert.equal(await gate.alone('a', async () => 'ran'), 'ran');
});

test('Git LFS files stay while an object points at them, and for a day; others are removed', async (t) => {
  const { repository, tree, git } = await pushed(t);
  const oid = (digit: string): string => digit.repeat(64);
  writeFileSync(join(tree, 'a.png'), `version https://git-lfs.github.com/spec/v1\noid sha256:${oid('a')}\nsize 5\n`);
  git(tree, 'add', '-A');
  git(tree, 'commit', '-q', '-m', 'x');
  git(tree, 'push', '-q', repository, 'HEAD:main');
  const path = (digit: string): string =>
    join(repository, 'lfs', 'objects', digit.repeat(2), digit.repeat(2), oid(digit));
  const old = new Date(Date.now() - 2 * 86_400_000);
  for (const digit of ['a', 'b', 'c']) {
    mkdirSync(join(path(digit), '..'), { recursive: true });
    writeFileSync(path(digit), 'bytes');
    if (digit !== 'c') utimesSync(path(digit), old, old);
  }
  assert.equal(await pruneLfs(new Git(), repository, { dryRun: true }), 5);
  assert.equal(await pruneLfs(new Git(), repository, { dryRun: false }), 5);
  assert.deepEqual(
    ['a', 'b', 'c'].map((digit) => existsSync(path(digit))),
    [true, false, true],
  );
  assert.equal(await pruneLfs(new Git(), repository, { dryRun: false }), 0);
});
