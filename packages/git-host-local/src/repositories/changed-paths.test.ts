import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { changedPaths } from './changed-paths.ts';
import { Git } from '../process/git.ts';

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@b.c',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@b.c',
};

async function repository(t: TestContext) {
  const directory = await temporaryDirectory();
  t.after(directory.remove);
  const git = (args: readonly string[], input?: string): string =>
    execFileSync('git', args, {
      cwd: directory.path,
      encoding: 'utf8',
      env: ENVIRONMENT,
      ...(input === undefined ? {} : { input }),
    }).trim();
  git(['init', '-q', '-b', 'main']);
  const commit = (files: Readonly<Record<string, string | undefined>>): string => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory.path, file)), { recursive: true });
      if (text === undefined) git(['rm', '-q', file]);
      else writeFileSync(join(directory.path, file), text);
    }
    git(['add', '-A']);
    git(['commit', '-q', '--allow-empty', '-m', 'x']);
    return git(['rev-parse', 'HEAD']);
  };
  return { path: join(directory.path, '.git'), git, commit };
}

/** Nine equal sub-trees, `levels` deep: a pack of hundreds of bytes that represents 9^(levels + 1) paths. */
function bomb(git: (args: readonly string[], input?: string) => string, levels: number): string {
  const blob = git(['hash-object', '-w', '--stdin'], 'x');
  const nine = (line: (n: number) => string): string =>
    git(['mktree'], Array.from({ length: 9 }, (_, n) => line(n)).join('\n'));
  let tree = nine((n) => `100644 blob ${blob}\tf${n}`);
  for (let level = 0; level < levels; level++) tree = nine((n) => `040000 tree ${tree}\td${n}`);
  return git(['commit-tree', tree, '-m', 'bomb']);
}

test('paths that were added, changed and removed are named, also where a file became a folder', async (t) => {
  const { path, commit } = await repository(t);
  const before = commit({ 'a.txt': '1', 'dir/b.txt': '1', 'dir/deep/c.txt': '1', 'same/d.txt': '1', thing: '1' });
  const after = commit({
    'a.txt': '2',
    'dir/b.txt': undefined,
    'dir/deep/c.txt': '2',
    'ü "x".txt': '1',
    thing: undefined,
    'thing/x': '1',
  });
  assert.deepEqual(
    [...((await changedPaths(new Git(), path, before, after)) ?? [])].sort(),
    ['a.txt', 'dir/b.txt', 'dir/deep/c.txt', 'thing', 'thing/x', 'ü "x".txt'].sort(),
  );
  assert.deepEqual(await changedPaths(new Git(), path, after, after), []);
});

test('a small pack that represents 43 million paths is given up within its limits', async (t) => {
  const { path, git, commit } = await repository(t);
  const before = commit({ a: '1' });
  const started = performance.now();
  assert.equal(await changedPaths(new Git(), path, before, bomb(git, 7)), undefined);
  assert.ok(performance.now() - started < 10_000);
});

test('paths that repeat megabytes of folder names are given up, before they are all in memory', async (t) => {
  const { path, git, commit } = await repository(t);
  const before = commit({ a: '1' });
  const blob = git(['hash-object', '-w', '--stdin'], 'x');
  let tree = git(['mktree'], Array.from({ length: 5_000 }, (_, n) => `100644 blob ${blob}\tf${n}`).join('\n'));
  for (let level = 0; level < 40; level++) tree = git(['mktree'], `040000 tree ${tree}\t${'d'.repeat(4_000)}`);
  assert.equal(await changedPaths(new Git(), path, before, git(['commit-tree', tree, '-m', 'deep'])), undefined);
});

test('a commit that does not exist, or is none, has no paths', async (t) => {
  const { path, git, commit } = await repository(t);
  const before = commit({ a: '1' });
  assert.equal(await changedPaths(new Git(), path, before, '1'.repeat(40)), undefined);
  assert.equal(await changedPaths(new Git(), path, before, git(['hash-object', '-w', '--stdin'], 'x')), undefined);
});
