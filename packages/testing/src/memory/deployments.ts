import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentStore } from '@anchor/core/ports/stores.ts';
import { collection, type Collection } from './collection.ts';

export type MemoryDeployments = DeploymentStore & Pick<Collection<Deployment>, 'peek' | 'fits' | 'add'>;

export function deploymentStore(): MemoryDeployments {
  const items = collection<Deployment>((deployment) => deployment.dedupeKey);
  return {
    ...items,
    byDedupeKey: async (key) => items.where((deployment) => deployment.dedupeKey === key)[0],
    list: async ({ projectId, environment, state, branch }, page) =>
      items.page(
        (deployment) =>
          deployment.projectId === projectId &&
          (environment === undefined || deployment.environment === environment) &&
          (state === undefined || deployment.state === state) &&
          (branch === undefined || deployment.source.branch === branch),
        (deployment) => deployment.createdAt,
        page,
      ),
    inStates: async (states) => items.where((deployment) => states.includes(deployment.state)),
  };
}
