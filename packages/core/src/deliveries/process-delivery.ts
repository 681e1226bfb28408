import { requestDeployment } from '../deployments/request.ts';
import type { RequestPorts } from '../deployments/request-ports.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { ok, type AnchorError, type Result } from '../result/result.ts';
import { decide, ordering } from './decide.ts';
import type { Delivery } from './delivery.ts';
import type { PushEvent } from './push-event.ts';

export type AcceptPorts = RequestPorts & Pick<Ports, 'deliveries' | 'blobs'>;
export type Accepted = Readonly<{ delivery: Delivery; deploymentIds: readonly DeploymentId[]; duplicate: boolean }>;

/** Processes a stored delivery and records the outcome on it. Idempotent. */
export async function processDelivery(
  ports: AcceptPorts,
  project: Project,
  delivery: Delivery,
  duplicate: boolean,
  force = delivery.force === true,
): Promise<Result<Accepted>> {
  const outcome =
    delivery.push === undefined
      ? { ignored: 'it was never parsed' }
      : await applyDecision(ports, project, delivery, delivery.push, force);
  if ('error' in outcome) return { ok: false, error: outcome.error };
  const deploymentIds = 'deploymentIds' in outcome ? outcome.deploymentIds : [];
  const done: Delivery = {
    ...delivery,
    state: 'ignored' in outcome ? 'ignored' : 'accepted',
    version: delivery.version + 1,
    deploymentIds: [...new Set([...delivery.deploymentIds, ...deploymentIds])],
    ...('ignored' in outcome ? { reason: outcome.ignored } : {}),
  };
  // Losing this write means that the same outcome was stored concurrently.
  await ports.deliveries.replace(done);
  return ok({ delivery: done, deploymentIds, duplicate });
}

type DeliveryOutcome = { deploymentIds: readonly DeploymentId[] } | { ignored: string } | { error: AnchorError };

const closed = (notClosed: string | undefined): DeliveryOutcome =>
  notClosed === undefined ? { deploymentIds: [] } : { ignored: notClosed };

async function applyDecision(
  ports: AcceptPorts,
  project: Project,
  delivery: Delivery,
  push: PushEvent,
  force: boolean,
): Promise<DeliveryOutcome> {
  const decided = decide(project, push);
  switch (decided.kind) {
    case 'nothing':
      return { deploymentIds: [] };
    case 'ignored':
      return { ignored: decided.reason };
    case 'close':
      return closed(await decided.close(ports));
    case 'deploy': {
      const ordered = await ordering(ports, { ...decided.request, deliveryId: delivery.id, force });
      if (ordered.kind === 'ignored') return { ignored: ordered.reason };
      const requested = await requestDeployment(ports)(ordered.request);
      if (requested.ok) return { deploymentIds: [requested.value.deployment.id] };
      return requested.error.code === 'not_ready' ? { ignored: requested.error.message } : { error: requested.error };
    }
  }
}
