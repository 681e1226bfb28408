import type { Stores } from '@anchor/core/ports/stores.ts';
import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import { aliasStore } from './aliases.ts';
import { deliveryStore, type MemoryDeliveries } from './deliveries.ts';
import { deploymentStore, type MemoryDeployments } from './deployments.ts';
import { idempotencyStore } from './idempotency.ts';
import { projectStore } from './projects.ts';
import { routeTable } from './route-table.ts';
import { tokenStore } from './tokens.ts';
import { variableStore } from './variables.ts';

/** Every store in memory, and the route table over its aliases. */
export function memoryStores(): Stores & Readonly<{ deliveries: MemoryDeliveries; deployments: MemoryDeployments; routes: () => RouteTable }> {
  const deployments = deploymentStore();
  const aliases = aliasStore();
  return {
    projects: projectStore(), deployments, aliases, deliveries: deliveryStore(), variables: variableStore(), tokens: tokenStore(),
    idempotency: idempotencyStore(), routes: () => routeTable(aliases, deployments),
  };
}
