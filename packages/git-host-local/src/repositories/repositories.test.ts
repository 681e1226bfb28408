import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { newId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseBranchName, parseCommitSha } from '@anchor/core/names/name.ts';
import { fail } from '@anchor/core/result/result.ts';
import { branchHeads } from '@anchor/core/deliveries/branch-heads.ts';
import { branchHeadsContract } from '@anchor/testing/contracts/branch-heads.ts';
import { repositoriesContract, type RepositoriesHarness } from '@anchor/testing/contracts/repositories.ts';
import { using } from '@anchor/testing/harness.ts';
import { must, sampleProject } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { Git } from '../process/git.ts';
import { GIT_ENVIRONMENT, GitProcesses } from '../process/git-processes.ts';
import { NO_GIT_SANDBOX } from '../process/git-sandbox.ts';
import { pathsIn, type Paths } from '@anchor/adapter-local/paths.ts';
import { openRepositories } from './repositories.ts';

const MAIN = must(parseBranchName('main'));
const run = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: GIT_ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** A clone that has the branch checked out, or a new branch. */
async function clone(directory: string, repository: string, branch: string): Promise<string> {
  const tree = await mkdtemp(join(directory, 'clone-'));
  run(tree, 'clone', '--quiet', '--no-local', repository, '.');
  run(tree, 'config', 'user.name', 'Test');
  run(tree, 'config', 'user.email', 'test@example.com');
  const known = run(tree, 'branch', '--remotes', '--list', `origin/${branch}`) !== '';
  if (known) run(tree, 'checkout', '--quiet', '-B', branch, `origin/${branch}`);
  else run(tree, 'checkout', '--quiet', '--orphan', branch);
  return tree;
}

const make = async (): Promise<RepositoriesHarness & { paths: Paths; directory: string }> => {
  const directory = await temporaryDirectory();
  const paths = pathsIn(join(directory.path, 'data'));
  return {
    paths,
    directory: directory.path,
    subject: openRepositories(paths),
    push: async (projectId, branch, { message, author, files }) => {
      const tree = await clone(directory.path, paths.repository(projectId), branch);
      for (const file of files) {
        await mkdir(dirname(join(tree, file)), { recursive: true });
        await writeFile(join(tree, file), message);
      }
      run(tree, 'add', '--all');
      run(tree, 'commit', '--quiet', `--author=${author}`, '-m', message);
      run(tree, 'push', '--quiet', 'origin', branch);
      return must(parseCommitSha(run(tree, 'rev-parse', 'HEAD')));
    },
    end: directory.remove,
  };
};

repositoriesContract('git repositories', make);
branchHeadsContract("heads of the platform's own repositories", async () => {
  const { subject: repositories, push, end } = await make();
  const project = sampleProject();
  await repositories.ensure(project.id);
  const unreachable = async () => fail('source_unreachable', 'There is no git host', 'Push.');
  let count = 0;
  return {
    subject: branchHeads(repositories, { head: unreachable }),
    project,
    pullRequests: false,
    end,
    push: (ref) => push(project.id, must(parseBranchName(ref)), { ...commit, message: `change ${count++}` }),
  };
});

const projectId: ProjectId = newId('prj', Date.UTC(2030, 0, 1));
const commit = { message: 'one', author: 'A <a@example.com>', files: ['a.txt'] };

test(
  'a merge names the files that it brought into its branch',
  using(make, async ({ subject, push, paths, directory }) => {
    await subject.ensure(projectId);
    const before = await push(projectId, MAIN, commit);
    const tree = await clone(directory, paths.repository(projectId), MAIN);
    run(tree, 'checkout', '--quiet', '-b', 'topic');
    await writeFile(join(tree, 'topic.txt'), 'x');
    run(tree, 'add', '.');
    run(tree, 'commit', '--quiet', '-m', 'topic');
    run(tree, 'checkout', '--quiet', 'main');
    run(tree, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'topic');
    run(tree, 'push', '--quiet', 'origin', 'main');
    const head = await subject.branchHead(projectId, MAIN);
    assert.deepEqual(await subject.changedFiles(projectId, before, head!), ['topic.txt']);
  }),
);

test(
  'a branch may be rewritten and removed, and a commit that no branch has any more can still be fetched',
  using(make, async ({ subject, push, paths, directory }) => {
    await subject.ensure(projectId);
    await push(projectId, MAIN, commit);
    const replaced = await push(projectId, MAIN, { ...commit, files: ['b.txt'] });
    const tree = await clone(directory, paths.repository(projectId), MAIN);
    run(tree, 'reset', '--quiet', '--hard', 'HEAD~1');
    run(tree, 'push', '--quiet', '--force', 'origin', 'main');
    assert.notEqual(await subject.branchHead(projectId, MAIN), replaced);
    const fresh = await mkdtemp(join(directory, 'fetch-'));
    run(fresh, 'init', '--quiet');
    run(fresh, 'fetch', '--quiet', '--depth=1', `file://${paths.repository(projectId)}`, replaced);
    assert.equal(run(fresh, 'rev-parse', 'FETCH_HEAD'), replaced);
    run(tree, 'push', '--quiet', 'origin', '--delete', 'main');
    assert.equal(await subject.branchHead(projectId, MAIN), undefined);
  }),
);

test(
  'a new repository has no hooks, and making it leaves nothing else behind',
  using(make, async ({ subject, paths }) => {
    await Promise.all([subject.ensure(projectId), subject.ensure(projectId)]);
    assert.deepEqual(await readdir(dirname(paths.repository(projectId))), [`${projectId}.git`]);
    assert.ok(!(await readdir(paths.repository(projectId))).includes('hooks'));
  }),
);

test(
  'a git that cannot run gives no information on a branch: it is not taken for a missing one',
  using(make, async ({ subject, push, paths }) => {
    const projectId = newId('prj', 1) as ProjectId;
    await subject.ensure(projectId);
    const sha = await push(projectId, MAIN, { message: 'x', author: 'A <a@example.com>', files: ['a'] });
    for (const failing of ['kill -9 $$', 'echo "no space" >&2; exit 1', 'exit 128']) {
      const git = new Git(
        new GitProcesses({ sandbox: { ...NO_GIT_SANDBOX, words: () => ['/bin/sh', '-c', failing] } }),
      );
      await assert.rejects(openRepositories(paths, git).branchHead(projectId, MAIN), /could not read the head/);
    }
    assert.equal(await subject.branchHead(projectId, MAIN), sha);
  }),
);

/** Keeps swapping the full folder `d` of its working directory for a link to the directory given. */
const SWAPPER = `
const { mkdirSync, writeFileSync, renameSync, symlinkSync, unlinkSync } = require('node:fs');
const quietly = (work) => { try { work(); } catch {} };
mkdirSync('d');
for (let i = 0; i < 100; i++) writeFileSync('d/f' + i, '');
console.log('ready');
for (;;) quietly(() => { renameSync('d', 'e'); symlinkSync(process.argv[1], 'd'); unlinkSync('d'); renameSync('e', 'd'); });`;

test('a repository is removed without following a link that a running git puts in place of a folder', async (t) => {
  const home = await make();
  t.after(() => home.end());
  const others = join(home.directory, 'others');
  await mkdir(others);
  for (let i = 0; i < 100; i++) await writeFile(join(others, `f${i}`), '');
  const until = Date.now() + 3_000;
  while (Date.now() < until) {
    const projectId = newId('prj', 1);
    await home.subject.ensure(projectId);
    const cwd = home.paths.repository(projectId);
    const swapper = spawn(process.execPath, ['--eval', SWAPPER, others], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => swapper.once('exit', resolve));
    await new Promise((resolve) => swapper.stdout.once('data', resolve));
    await home.subject.remove(projectId).catch(() => undefined);
    swapper.kill('SIGKILL');
    await ended;
    assert.equal((await readdir(others)).length, 100);
    await home.subject.remove(projectId);
  }
});
