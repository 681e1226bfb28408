import type { ProjectId } from '@anchor/core/names/id.ts';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { Repositories } from '@anchor/core/ports/repositories.ts';

export type MemoryCommit = Readonly<{ message: string; author: string; files: readonly string[] }>;

/** Repositories whose commits a test writes with `push`. */
export function repositories(): Repositories & Readonly<{ push(projectId: ProjectId, branch: BranchName, sha: CommitSha, commit: MemoryCommit): void }> {
  const all = new Map<string, { heads: Map<string, CommitSha>; commits: Map<string, MemoryCommit> }>();
  return {
    ensure: async (projectId) => {
      if (!all.has(projectId)) all.set(projectId, { heads: new Map(), commits: new Map() });
    },
    remove: async (projectId) => void all.delete(projectId),
    branchHead: async (projectId, branch) => all.get(projectId)?.heads.get(branch),
    commit: async (projectId, sha) => all.get(projectId)?.commits.get(sha),
    push: (projectId, branch, sha, commit) => {
      all.get(projectId)?.heads.set(branch, sha);
      all.get(projectId)?.commits.set(sha, commit);
    },
  };
}
