import type { BranchName, CommitSha } from '../names/name.ts';

/** What a delivery says, in our words, whatever sent it. */
export type PushEvent =
  | Readonly<{ kind: 'ping' }>
  | Readonly<{
      kind: 'push';
      branch: BranchName;
      commit: CommitSha;
      message?: string;
      author?: string;
      /** Paths that changed, when the sender says; absent means unknown, and path filters let it pass. */
      changedFiles?: readonly string[];
    }>
  | Readonly<{ kind: 'branch_deleted'; branch: BranchName }>
  | Readonly<{ kind: 'pull_request'; action: 'opened' | 'updated'; number: number; branch: BranchName; commit: CommitSha; fork: boolean; title?: string; author?: string }>
  | Readonly<{ kind: 'pull_request'; action: 'closed'; number: number; branch: BranchName; fork: boolean }>
  /** Well-formed, but nothing for us to do: a tag, a comment. */
  | Readonly<{ kind: 'ignored'; reason: string }>;
