import { environmentHost } from '../aliases/host.ts';
import type { DeploymentId, ProjectId } from '../names/id.ts';
import { PRODUCTION, type EnvironmentName } from '../names/name.ts';
import { fail, type Result } from '../result/result.ts';
import { assignEnvironmentAlias, type Switched, type SwitchPorts } from './promote.ts';

export type RollbackInput = Readonly<{
  projectId: ProjectId;
  environment?: EnvironmentName;
  /** Absent: the one that served before. */
  to?: DeploymentId;
}>;

const noProject = () => fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
const nothingLive = () => fail('not_ready', 'Nothing is live in this environment yet', 'Deploy first.');

/**
 * Back to an earlier success at once, with the variables that it ran with. Later deployments do not go live by
 * themselves until a promote or `undoRollback`.
 */
export const rollback =
  (ports: SwitchPorts) =>
  async (input: RollbackInput): Promise<Result<Switched>> => {
    const environment = input.environment ?? PRODUCTION;
    const project = await ports.projects.get(input.projectId);
    if (project === undefined) return noProject();
    const alias = await ports.aliases.get(environmentHost(project.name, environment, ports.site.domain));
    if (alias === undefined || alias.projectId !== project.id) return nothingLive();
    if (input.to !== undefined) {
      const target = await ports.deployments.get(input.to);
      if (target?.projectId !== project.id)
        return fail(
          'not_found',
          'There is no such deployment in this project',
          'List them with: anchor deployments list',
        );
      return assignEnvironmentAlias(ports, input.to, environment, true, alias.revision);
    }
    const current = await ports.deployments.get(alias.deploymentId);
    for (const id of alias.history) {
      const candidate = await ports.deployments.get(id);
      // A second rollback goes further back, not forward again to what the first one left.
      if (alias.pinned && candidate !== undefined && current !== undefined && candidate.createdAt >= current.createdAt)
        continue;
      if (candidate?.state === 'success' && candidate.artifactRemovedAt === undefined)
        return assignEnvironmentAlias(ports, id, environment, true, alias.revision);
    }
    return fail(
      'not_ready',
      'There is no earlier deployment to roll back to',
      'Name one: anchor rollback <deployment>; list them with: anchor deployments list.',
    );
  };

/** Ends a rollback: the newest success of the environment goes live and later ones follow by themselves again. */
export const undoRollback =
  (ports: SwitchPorts) =>
  async (input: Readonly<{ projectId: ProjectId; environment?: EnvironmentName }>): Promise<Result<Switched>> => {
    const environment = input.environment ?? PRODUCTION;
    const project = await ports.projects.get(input.projectId);
    if (project === undefined) return noProject();
    const alias = await ports.aliases.get(environmentHost(project.name, environment, ports.site.domain));
    if (alias === undefined || alias.projectId !== project.id) return nothingLive();
    if (!alias.pinned) return fail('not_ready', 'This environment is not rolled back', 'Nothing to do.');
    const { items } = await ports.deployments.list(
      { projectId: project.id, environment, state: 'success' },
      { limit: 1 },
    );
    return assignEnvironmentAlias(ports, items[0]?.id ?? alias.deploymentId, environment, false, alias.revision);
  };
