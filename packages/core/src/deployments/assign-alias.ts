import { switchAlias, hostTakenError } from '../aliases/switch-alias.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { headTime, type Deployment } from './deployment.ts';
import type { Target } from './targets.ts';

/**
 * Points one host at the deployment, unless a user pinned it or a newer deployment is there already. Returns why it did
 * not.
 */
export async function autoAssignAlias(
  ports: Pick<Ports, 'aliases' | 'deployments' | 'clock' | 'probe' | 'projects'>,
  project: Project,
  deployment: Deployment,
  target: Target,
): Promise<string | undefined> {
  const branch = target.kind === 'branch' ? target.target : undefined;
  for (;;) {
    const seen = await ports.aliases.get(target.host);
    if (seen !== undefined && seen.projectId !== project.id) return `${hostTakenError(target.host).error.message}.`;
    if (seen?.pinned === true && seen.deploymentId !== deployment.id)
      return `${target.host} stays on ${seen.deploymentId}: it was rolled back. Promote this deployment or undo the rollback to go on.`;
    if (seen !== undefined && seen.deploymentId !== deployment.id) {
      const live = await ports.deployments.get(seen.deploymentId);
      if (
        live !== undefined &&
        headTime(live, branch) > headTime(deployment, branch) &&
        live.environment === deployment.environment
      )
        return `${target.host} serves the newer ${live.id} already.`;
    }
    const moved = await switchAlias(ports)({
      ...target,
      projectId: project.id,
      deploymentId: deployment.id,
      pinned: seen?.pinned ?? false,
      expected: seen,
    });
    if (moved.ok) return undefined;
    // A concurrent promote or rollback won: read again and decide again.
    if (moved.error.code !== 'conflict') return moved.error.message;
  }
}
