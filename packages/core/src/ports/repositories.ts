import type { ProjectId } from '../names/id.ts';
import type { BranchName, CommitSha } from '../names/name.ts';

/**
 * The platform's own git repositories, one per project with source `hosted`. (AWS: packs in S3 with the branch heads in
 * a table, moved by conditional writes; or none, where projects come from a git host alone. No order between branches
 * is promised, and a branch may move between two calls: callers compare their information with `branchHead`.)
 *
 * Everything that is read was written by a tenant: each call is bounded in time and memory, whatever was pushed.
 */
export interface Repositories {
  /** Creates it when it is not there. */
  ensure(projectId: ProjectId): Promise<void>;
  /** Removes a repository with its Git LFS files. */
  remove(projectId: ProjectId): Promise<void>;
  /**
   * Returns the commits whose id starts with `prefix` (4 or more hex digits in lower case), at most 10, in no order.
   */
  commitsFrom(projectId: ProjectId, prefix: string): Promise<readonly CommitSha[]>;
  /** Returns the newest commit of a branch; undefined when the branch does not exist. */
  branchHead(projectId: ProjectId, branch: BranchName): Promise<CommitSha | undefined>;
  /** Returns a commit's message and author. A message too long to read is replaced by a sentence that explains it. */
  commit(projectId: ProjectId, sha: CommitSha): Promise<Readonly<{ message: string; author: string }> | undefined>;
  /**
   * Returns the paths that differ between two commits. Undefined: they cannot be determined, or there are more than
   * 20,000.
   */
  changedFiles(projectId: ProjectId, before: CommitSha, after: CommitSha): Promise<readonly string[] | undefined>;
}
