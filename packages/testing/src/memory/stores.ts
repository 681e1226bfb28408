import type { Stores } from '@anchor/core/ports/stores.ts';
import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import { aliasStore } from './aliases.ts';
import { auditStore } from './audit.ts';
import { deliveryStore, type MemoryDeliveries } from './deliveries.ts';
import { deploymentStore, type MemoryDeployments } from './deployments.ts';
import { domainStore } from './domains.ts';
import { factStore } from './facts.ts';
import { failedRecordStore } from './failed-records.ts';
import { idempotencyStore } from './idempotency.ts';
import { invitationStore, personStore, sessionStore, teamStore } from './people.ts';
import { projectStore } from './projects.ts';
import { routeTable } from './route-table.ts';
import { tokenStore } from './tokens.ts';
import { uploadStore } from './uploads.ts';
import { variableStore } from './variables.ts';

/** Creates every store in memory, and the route table over its aliases. */
export function memoryStores(): Stores &
  Readonly<{ deliveries: MemoryDeliveries; deployments: MemoryDeployments; routes: () => RouteTable }> {
  const deployments = deploymentStore();
  const aliases = aliasStore();
  return {
    projects: projectStore(),
    deployments,
    aliases,
    deliveries: deliveryStore(),
    variables: variableStore(),
    tokens: tokenStore(),
    idempotency: idempotencyStore(),
    uploads: uploadStore(),
    failedRecords: failedRecordStore(),
    facts: factStore(),
    domains: domainStore(),
    audit: auditStore(),
    people: personStore(),
    teams: teamStore(),
    invitations: invitationStore(),
    sessions: sessionStore(),
    routes: () => routeTable(aliases, deployments),
  };
}
