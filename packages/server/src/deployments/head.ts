import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';

/** The newest commit of a branch, wherever the project's repository is. */
export async function headOf({ ports, home }: Pick<ServerContext, 'ports' | 'home'>, project: Project, branch: BranchName): Promise<Result<CommitSha>> {
  if (project.source.kind !== 'hosted') return home.remoteHead(project, branch);
  const head = await ports.repositories.branchHead(project.id, branch);
  return head === undefined ? fail('not_found', `The repository has no branch ${branch}`, `Push it first: git push anchor ${branch}`) : ok(head);
}
