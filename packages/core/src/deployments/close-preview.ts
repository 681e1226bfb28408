import type { BranchName } from '../names/name.ts';
import { PREVIEW } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import type { Alias } from '../aliases/alias.ts';
import { cancelDeployment } from './cancel.ts';

type ClosePorts = Pick<Ports, 'aliases' | 'deployments' | 'queue' | 'clock'>;

/** A branch was deleted: its previews stop answering. What production points at stays, whatever branch it came from. */
export const closeBranch = (ports: ClosePorts) => async (project: Project, branch: BranchName): Promise<void> => {
  await closeWhere(ports, project, (alias) => alias.kind === 'branch' && alias.target === branch);
  await closeDeployments(ports, project, branch);
};

/** A pull request was closed; with `branch` (not a fork) its branch preview goes too. */
export const closePullRequest = (ports: ClosePorts) => async (project: Project, number: number, branch: BranchName | undefined): Promise<void> => {
  await closeWhere(ports, project, (alias) => (alias.kind === 'pull_request' && alias.target === String(number)) || (branch !== undefined && branch !== project.productionBranch && alias.kind === 'branch' && alias.target === branch));
  if (branch !== undefined && branch !== project.productionBranch) await closeDeployments(ports, project, branch);
};

async function closeWhere(ports: ClosePorts, project: Project, matches: (alias: Alias) => boolean): Promise<void> {
  for (const alias of await ports.aliases.listByProject(project.id)) if (matches(alias)) await ports.aliases.remove(alias.host);
}

/** Cancels builds of the branch and closes the immutable hosts of its previews, except those that something else still points at. */
async function closeDeployments(ports: ClosePorts, project: Project, branch: string): Promise<void> {
  const needed = new Set((await ports.aliases.listByProject(project.id)).filter((alias) => alias.kind !== 'deployment').map((alias) => alias.deploymentId));
  let cursor: string | undefined;
  do {
    const page = await ports.deployments.list({ projectId: project.id, environment: PREVIEW, branch }, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const deployment of page.items) {
      if (deployment.state === 'held' || deployment.state === 'queued' || deployment.state === 'building') await cancelDeployment(ports)(deployment.id);
      if (!needed.has(deployment.id)) await ports.aliases.remove(deployment.host);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}
