import type { BranchName, CommitSha } from '../names/name.ts';

/** The event of a delivery in the platform's own terms, for every sender. */
export type PushEvent =
  | Readonly<{ kind: 'ping' }>
  | Readonly<{
      kind: 'push';
      branch: BranchName;
      commit: CommitSha;
      /** The branch's previous commit; absent when the branch is new, or the sender does not report it. */
      before?: CommitSha;
      message?: string;
      author?: string;
      /** Paths that changed, when the sender reports them; absent means unknown, and path filters accept it. */
      changedFiles?: readonly string[];
    }>
  /** `before`: its last commit; absent when the sender does not report it. */
  | Readonly<{ kind: 'branch_deleted'; branch: BranchName; before?: CommitSha }>
  | Readonly<{
      kind: 'pull_request';
      action: 'opened' | 'updated';
      number: number;
      branch: BranchName;
      commit: CommitSha;
      before?: CommitSha;
      fork: boolean;
      title?: string;
      author?: string;
    }>
  | Readonly<{ kind: 'pull_request'; action: 'closed'; number: number; branch: BranchName; fork: boolean }>
  /** Well-formed, but nothing for us to do: a tag, a comment. */
  | Readonly<{ kind: 'ignored'; reason: string }>;
