import { moveAlias, taken } from '../aliases/move.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import type { Deployment } from './deployment.ts';
import type { Target } from './targets.ts';

/** Points one host at the deployment, unless a person pinned it or a newer deployment is there already. Answers why it did not. */
export async function pointTo(ports: Pick<Ports, 'aliases' | 'deployments' | 'clock' | 'probe' | 'projects'>, project: Project, deployment: Deployment, target: Target): Promise<string | undefined> {
  for (;;) {
    const seen = await ports.aliases.get(target.host);
    if (seen !== undefined && seen.projectId !== project.id) return `${taken(target.host).error.message}.`;
    if (seen?.pinned === true && seen.deploymentId !== deployment.id) return `${target.host} stays on ${seen.deploymentId}: it was rolled back. Promote this deployment or undo the rollback to go on.`;
    if (seen !== undefined && seen.deploymentId !== deployment.id) {
      const live = await ports.deployments.get(seen.deploymentId);
      if (live !== undefined && live.createdAt > deployment.createdAt && live.environment === deployment.environment) return `${target.host} serves the newer ${live.id} already.`;
    }
    const moved = await moveAlias(ports)({ ...target, projectId: project.id, deploymentId: deployment.id, pinned: seen?.pinned ?? false, seen });
    if (moved.ok) return undefined;
    // Somebody promoted or rolled back at this very moment: look again and decide anew.
    if (moved.error.code !== 'conflict') return moved.error.message;
  }
}
