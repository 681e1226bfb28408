import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import type { BranchName, EnvironmentName } from '@anchor/core/names/name.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';

const PAGE = 50;

/**
 * Returns the newest deployment of an environment whose source is its own: not a fork's, and not one that was canceled,
 * unless there is no other. One that failed counts: its commit is what the environment is meant to serve.
 */
export async function newestOf(
  deployments: Ports['deployments'],
  projectId: ProjectId,
  environment: EnvironmentName,
  branch: BranchName | undefined,
): Promise<Deployment | undefined> {
  const { items } = await deployments.list(
    { projectId, environment, ...(branch === undefined ? {} : { branch }) },
    { limit: PAGE },
  );
  const own = items.filter(({ pullRequest }) => pullRequest?.fork !== true);
  return own.find(({ state }) => state !== 'canceled') ?? own[0];
}
