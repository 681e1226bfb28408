import { PRODUCTION } from '../names/name.ts';
import type { DeploymentStore } from '../ports/stores.ts';
import type { Deployment } from './deployment.ts';

/** A version may have been named for this many builds of the environment: one that names none again still finds the major from before. */
const LOOK_BACK = 100;

/**
 * The Node major that a build keeps when nothing names one: that of its environment's newest deployment which got one by
 * default; for any but production else production's. Nothing that was built elsewhere moves production, and nothing of a
 * fork counts anywhere: strangers decide for themselves only.
 */
export async function keptNode(deployments: Pick<DeploymentStore, 'list'>, { projectId, environment }: Pick<Deployment, 'projectId' | 'environment'>): Promise<string | undefined> {
  for (const asked of new Set([environment, PRODUCTION])) {
    const { items } = await deployments.list({ projectId, environment: asked, state: 'success' }, { limit: LOOK_BACK });
    const kept = items.find(({ trusted, defaultNode }) => trusted && defaultNode !== undefined);
    if (kept !== undefined) return kept.defaultNode;
  }
  return undefined;
}
