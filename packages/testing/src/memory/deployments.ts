import { ChangeHub } from '@anchor/core/changes/change-hub.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentStore } from '@anchor/core/ports/stores.ts';
import { collection, type Collection } from './collection.ts';

export type MemoryDeployments = DeploymentStore &
  Pick<Collection<Deployment>, 'peek' | 'fits' | 'add'> &
  Readonly<{ /** Returns how many deployments are followed. */ followed(): number }>;

export function deploymentStore(): MemoryDeployments {
  const hub = new ChangeHub();
  const items = collection<Deployment>((deployment) => deployment.dedupeKey);
  return {
    ...items,
    async replace(deployment) {
      const replaced = await items.replace(deployment);
      if (replaced) hub.notify(deployment.id);
      return replaced;
    },
    async remove(id) {
      await items.remove(id);
      hub.notify(id);
    },
    changes: (id) => hub.open(id),
    followed: () => hub.size,
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
