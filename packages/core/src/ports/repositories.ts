import type { ProjectId } from '../names/id.ts';
import type { BranchName, CommitSha } from '../names/name.ts';

/**
 * The platform's own git repositories, one a project with source `hosted`. (AWS: packs in S3 with the branch heads in a
 * table, moved by conditional writes; or none, where projects come from a git host alone. No order between branches is
 * promised, and a branch may move between two calls: callers compare what they were told with `branchHead`.)
 */
export interface Repositories {
  /** Creates it when it is not there. */
  ensure(projectId: ProjectId): Promise<void>;
  remove(projectId: ProjectId): Promise<void>;
  branchHead(projectId: ProjectId, branch: BranchName): Promise<CommitSha | undefined>;
  commit(projectId: ProjectId, sha: CommitSha): Promise<Readonly<{ message: string; author: string; files: readonly string[] }> | undefined>;
}
