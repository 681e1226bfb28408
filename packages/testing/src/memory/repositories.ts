import type { ProjectId } from '@anchor/core/names/id.ts';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { Repositories } from '@anchor/core/ports/repositories.ts';

export type MemoryCommit = Readonly<{ message: string; author: string; files: readonly string[] }>;

/** Repositories whose commits a test writes with `push`. */
export function repositories(): Repositories &
  Readonly<{ push(projectId: ProjectId, branch: BranchName, sha: CommitSha, commit: MemoryCommit): void }> {
  const all = new Map<string, { heads: Map<string, CommitSha>; commits: Map<string, MemoryCommit> }>();
  return {
    ensure: async (projectId) => {
      if (!all.has(projectId)) all.set(projectId, { heads: new Map(), commits: new Map() });
    },
    remove: async (projectId) => void all.delete(projectId),
    commitsFrom: async (projectId, prefix) =>
      /^[0-9a-f]{4,64}$/.test(prefix)
        ? ([...(all.get(projectId)?.commits.keys() ?? [])]
            .filter((sha) => sha.startsWith(prefix))
            .slice(0, 10) as CommitSha[])
        : [],
    branchHead: async (projectId, branch) => all.get(projectId)?.heads.get(branch),
    commit: async (projectId, sha) => {
      const found = all.get(projectId)?.commits.get(sha);
      return found === undefined ? undefined : { message: found.message, author: found.author };
    },
    changedFiles: async (projectId, _before, after) => all.get(projectId)?.commits.get(after)?.files,
    push: (projectId, branch, sha, commit) => {
      all.get(projectId)?.heads.set(branch, sha);
      all.get(projectId)?.commits.set(sha, commit);
    },
  };
}
