import { wildcardOver } from '@anchor/core/names/name.ts';
import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import type { MemoryAliases } from './aliases.ts';
import type { MemoryDeployments } from './deployments.ts';

export function routeTable(aliases: MemoryAliases, deployments: MemoryDeployments): RouteTable {
  let reads = 0;
  return {
    // Routes are built for each call.
    generation: () => reads++,
    lookup: (host) => {
      const alias = aliases.peek(host) ?? aliases.peek(wildcardOver(host) ?? '');
      const artifact = alias && deployments.peek(alias.deploymentId)?.artifact;
      if (alias === undefined || artifact === undefined) return undefined;
      const previous = alias.history.flatMap((deploymentId) => {
        const artifact = deployments.peek(deploymentId)?.artifact;
        return artifact === undefined
          ? []
          : [{ deploymentId, artifact: artifact, until: alias.skewProtectedUntil?.[deploymentId] ?? 0 }];
      });
      return { host: alias.host, projectId: alias.projectId, deploymentId: alias.deploymentId, artifact, previous };
    },
    refresh: () => undefined,
    close: () => undefined,
  };
}
