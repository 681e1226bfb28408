import { switchAlias, hostTakenError } from '../aliases/switch-alias.ts';
import { followEnvironment } from '../domains/domain-aliases.ts';
import { parseEnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { headTime, type Deployment } from './deployment.ts';
import type { Target } from './targets.ts';

/**
 * Points one host at the deployment, unless a user pinned it or a newer deployment is there already. Returns why it did
 * not.
 */
export async function autoAssignAlias(
  ports: Pick<Ports, 'aliases' | 'deployments' | 'clock' | 'domains' | 'probe' | 'projects' | 'site'>,
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
    if (moved.ok) return followDomains(ports, project, target);
    // A concurrent promote or rollback won: read again and decide again.
    if (moved.error.code !== 'conflict') return moved.error.message;
  }
}

/** Lets the domains of an environment follow its host. */
async function followDomains(
  ports: Pick<Ports, 'aliases' | 'clock' | 'domains' | 'probe' | 'projects' | 'site'>,
  project: Project,
  { kind, target }: Target,
): Promise<string | undefined> {
  const environment = parseEnvironmentName(target);
  if (kind !== 'environment' || !environment.ok) return undefined;
  const followed = await followEnvironment(ports)(project, environment.value);
  return followed.ok ? undefined : followed.error.message;
}
