import type { BranchName, CommitSha } from '../names/name.ts';
import type { Project } from '../projects/project.ts';
import type { Result } from '../result/result.ts';

/** A ref whose newest commit can be looked up: a branch, or the head of a pull request, which may be in a fork. */
export type HeadRef = Readonly<{ kind: 'branch'; branch: BranchName } | { kind: 'pull_request'; number: number }>;

/**
 * Looks up the newest commit of a ref where the project's commits come from: the platform's own repository, or the git
 * host. The result is at least as new as the call. Errors: `not_found` when the ref does not exist,
 * `source_unreachable` when the git host does not respond within `withinMs` milliseconds, `unsupported` when the host
 * has no such refs.
 */
export interface BranchHeads {
  /** Returns the newest commit of the ref. */
  head(project: Project, ref: HeadRef, withinMs: number): Promise<Result<CommitSha>>;
}
