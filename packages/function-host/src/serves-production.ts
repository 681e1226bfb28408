import { isFinal } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { PRODUCTION } from '@anchor/core/names/name.ts';
import type { AliasStore, DeploymentStore } from '@anchor/core/ports/stores.ts';

export type ProductionPorts = Readonly<{
  deployments: Pick<DeploymentStore, 'get'>;
  aliases: Pick<AliasStore, 'listByProject'>;
}>;

/** Returns whether the deployment serves production, or is about to. */
export async function servesProduction(ports: ProductionPorts, deploymentId: DeploymentId): Promise<boolean> {
  const deployment = await ports.deployments.get(deploymentId);
  if (deployment === undefined) return false;
  if (deployment.environment === PRODUCTION && !isFinal(deployment.state)) return true;
  return (await ports.aliases.listByProject(deployment.projectId)).some(
    (alias) => alias.kind === 'environment' && alias.target === PRODUCTION && alias.deploymentId === deploymentId,
  );
}
