import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseCommitSha, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import type { Repositories } from '@anchor/core/ports/repositories.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { removeTree } from '@anchor/sandbox-linux/remove-tree.ts';
import { changedPaths } from './changed-paths.ts';
import { Git, type GitResult } from '../process/git.ts';

/**
 * Of a new repository. Pushes may rewrite branches, builds may fetch any commit, and what was pushed survives a power
 * cut.
 */
const CONFIGURATION = `
[core]
\thooksPath = /dev/null
\tfsync = committed,reference
[http]
\treceivepack = true
[receive]
\tdenyNonFastForwards = false
\tdenyDeletes = false
\tdenyDeleteCurrent = ignore
\tfsckObjects = true
\tunpackLimit = 1
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
`;

/** Limit of objects that are checked for one prefix of an id. */
const MAX_ALIKE = 50;

/** Opens bare git repositories, one per project. */
export const openRepositories = (paths: RepositoryPaths, git: Git = new Git()): Repositories =>
  new BareRepositories(paths, git);

type RepositoryPaths = Readonly<{ repository: (project: ProjectId) => string }>;

class BareRepositories implements Repositories {
  readonly #paths: RepositoryPaths;
  readonly #git: Git;

  constructor(paths: RepositoryPaths, git: Git) {
    this.#paths = paths;
    this.#git = git;
  }

  async ensure(projectId: ProjectId): Promise<void> {
    const directory = this.#at(projectId);
    if (await exists(directory)) return;
    await mkdir(dirname(directory), { recursive: true });
    // Whole or not at all: it gets its name when it is complete.
    const temporary = `${directory}.${process.pid}-${randomBytes(6).toString('hex')}`;
    try {
      await mkdir(temporary, { mode: 0o755 });
      await must(
        this.#git.run(temporary, ['init', '--quiet', '--bare', '--initial-branch=main', '--template='], {
          write: true,
        }),
      );
      await appendFile(join(temporary, 'config'), CONFIGURATION);
      await rename(temporary, directory);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOTEMPTY') && !hasErrorCode(error, 'EEXIST')) throw error;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  async remove(projectId: ProjectId): Promise<void> {
    const directory = this.#at(projectId);
    // A push may still write to it: a folder that becomes a link must not lead the removal outside.
    await removeTree(directory);
    if (await exists(directory)) throw new Error('a repository could not be removed: it is still written to');
  }

  async commitsFrom(projectId: ProjectId, prefix: string): Promise<readonly CommitSha[]> {
    const directory = this.#at(projectId);
    if (!/^[0-9a-f]{4,64}$/.test(prefix) || !(await exists(directory))) return [];
    const objects = await this.#git.run(directory, ['rev-parse', `--disambiguate=${prefix}`]);
    const commits: CommitSha[] = [];
    // Trees and files have such names too.
    for (const name of objects.stdout
      .split('\n')
      .filter((line) => line !== '')
      .slice(0, MAX_ALIKE)) {
      const sha = parseCommitSha(name);
      if (sha.ok && (await this.#git.run(directory, ['cat-file', '-t', sha.value])).stdout.trim() === 'commit')
        commits.push(sha.value);
      if (commits.length === 10) break;
    }
    return commits;
  }

  async branchHead(projectId: ProjectId, branch: BranchName): Promise<CommitSha | undefined> {
    const directory = this.#at(projectId);
    if (!(await exists(directory))) return undefined;
    const name = `refs/heads/${branch}^{commit}`;
    const result = await this.#git.run(directory, ['rev-parse', '--verify', '--quiet', '--end-of-options', name]);
    const sha = parseCommitSha(result.stdout.trim());
    if (result.code === 0 && sha.ok) return sha.value;
    // A git that could not run gives no information about the branch: a push that was stored must not look like one
    // that was not.
    if (result.code !== 1 || result.stderr.trim() !== '')
      throw new Error(
        `git could not read the head of a branch: ${result.stderr.trim().slice(0, 500) || `it ended with ${result.code}`}`,
      );
    return undefined;
  }

  async commit(projectId: ProjectId, sha: CommitSha): ReturnType<Repositories['commit']> {
    const directory = this.#at(projectId);
    if (!(await exists(directory))) return undefined;
    // Both return without unpacking the object. Only then is it read.
    const type = await this.#git.run(directory, ['cat-file', '-t', sha]);
    const size = await this.#git.run(directory, ['cat-file', '-s', sha]);
    if (type.stdout.trim() !== 'commit') return undefined;
    if (!(Number(size.stdout) <= MAX_COMMIT_BYTES)) return TOO_LONG;
    const args = [
      'show',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--no-patch',
      '--encoding=UTF-8',
      '--format=%an <%ae>%x00%B',
      '--end-of-options',
      sha,
    ];
    const about = await this.#git.run(directory, args, { maxBytes: 2 * MAX_COMMIT_BYTES });
    if (about.code !== 0) return undefined;
    const [author = '', message = ''] = about.stdout.split('\0');
    return { author, message: message.trimEnd() };
  }

  async changedFiles(
    projectId: ProjectId,
    before: CommitSha,
    after: CommitSha,
  ): ReturnType<Repositories['changedFiles']> {
    const directory = this.#at(projectId);
    return (await exists(directory)) ? changedPaths(this.#git, directory, before, after) : undefined;
  }

  #at(projectId: ProjectId): string {
    if (parseId('prj', projectId) === undefined) throw new RangeError(`not a project id: ${projectId.slice(0, 40)}`);
    return this.#paths.repository(projectId);
  }
}

const exists = (directory: string): Promise<boolean> =>
  stat(directory).then(
    () => true,
    (error: unknown) => {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
      return false;
    },
  );

const MAX_COMMIT_BYTES = 1024 * 1024;
const TOO_LONG = { author: '', message: 'The message of this commit is longer than 1 MB and was not read.' };

async function must(running: Promise<GitResult>): Promise<GitResult> {
  const result = await running;
  if (result.code !== 0) throw new Error(`git failed: ${result.stderr.trim().slice(0, 500)}`);
  return result;
}
