import { PRODUCTION } from '../names/name.ts';
import type { DeploymentStore } from '../ports/stores.ts';
import type { Deployment } from './deployment.ts';

/**
 * A version may have been named for this many builds of the environment: one that names none again still finds the
 * major from before.
 */
const LOOK_BACK = 100;

/**
 * Returns the Node major that a build keeps when nothing names one: that of its environment's newest deployment with a
 * default version; for any but production else production's. No build of another environment changes production's
 * version, and builds of forks never count, because their authors decide for themselves only.
 */
export async function pinnedNodeMajor(
  deployments: Pick<DeploymentStore, 'list'>,
  { projectId, environment }: Pick<Deployment, 'projectId' | 'environment'>,
): Promise<string | undefined> {
  for (const name of new Set([environment, PRODUCTION])) {
    const { items } = await deployments.list({ projectId, environment: name, state: 'success' }, { limit: LOOK_BACK });
    const pinned = items.find(({ trusted, defaultNode }) => trusted && defaultNode !== undefined);
    if (pinned !== undefined) return pinned.defaultNode;
  }
  return undefined;
}
