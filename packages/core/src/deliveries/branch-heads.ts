import type { CommitSha } from '../names/name.ts';
import type { BranchHeads, HeadRef } from '../ports/branch-heads.ts';
import type { Repositories } from '../ports/repositories.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type Result } from '../result/result.ts';

type Lookup = Promise<Result<CommitSha>>;

/**
 * Looks a head up in the platform's own repository or, for projects with a repository elsewhere, at its git host.
 * Lookups of one ref at a git host are coalesced: one is in flight, and all later ones share the next, because a lookup
 * that started before a push may not see it.
 */
export function branchHeads(repositories: Pick<Repositories, 'branchHead'>, remote: BranchHeads): BranchHeads {
  const running = new Map<string, Lookup>();
  const due = new Map<string, Lookup>();

  function coalesced(project: Project, ref: HeadRef, withinMs: number): Lookup {
    // A caller that cannot wait does not join a slow lookup: a git host treats a late response to its webhook as a
    // failure.
    const key = `${project.id}/${project.version}/${withinMs}/${ref.kind === 'branch' ? ref.branch : `#${ref.number}`}`;
    const next = due.get(key);
    if (next !== undefined) return next;
    const start = (): Lookup => {
      due.delete(key);
      const lookup = remote.head(project, ref, withinMs).finally(() => running.delete(key));
      running.set(key, lookup);
      return lookup;
    };
    const current = running.get(key);
    if (current === undefined) return start();
    const after = current.then(start, start);
    due.set(key, after);
    return after;
  }

  return {
    async head(project, ref, withinMs) {
      if (project.source.kind !== 'hosted') return coalesced(project, ref, withinMs);
      if (ref.kind !== 'branch')
        return fail(
          'unsupported',
          "The platform's own repositories have no pull requests",
          'Push the branch: git push anchor <branch>',
        );
      const head = await repositories.branchHead(project.id, ref.branch);
      return head === undefined
        ? fail(
            'not_found',
            `The repository has no branch ${ref.branch}`,
            `Push it first: git push anchor ${ref.branch}`,
          )
        : ok(head);
    },
  };
}
