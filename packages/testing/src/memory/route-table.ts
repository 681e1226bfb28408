import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import type { MemoryAliases } from './aliases.ts';
import type { MemoryDeployments } from './deployments.ts';

export function routeTable(aliases: MemoryAliases, deployments: MemoryDeployments): RouteTable {
  let asked = 0;
  return {
    // Routes are made anew each time.
    generation: () => asked++,
    lookup: (host) => {
      const alias = aliases.peek(host);
      const artifact = alias && deployments.peek(alias.deploymentId)?.artifact;
      if (alias === undefined || artifact === undefined) return undefined;
      const earlier = alias.history.flatMap((deploymentId) => {
        const kept = deployments.peek(deploymentId)?.artifact;
        return kept === undefined ? [] : [{ deploymentId, artifact: kept, until: alias.reachableUntil?.[deploymentId] ?? 0 }];
      });
      return { host: alias.host, projectId: alias.projectId, deploymentId: alias.deploymentId, artifact, earlier };
    },
    refresh: () => undefined,
    close: () => undefined,
  };
}
