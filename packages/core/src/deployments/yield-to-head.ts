import { orderOf } from '../deliveries/order.ts';
import type { Ports } from '../ports/ports.ts';
import { anchorError } from '../result/result.ts';
import type { Project } from '../projects/project.ts';
import type { Deployment } from './deployment.ts';
import { recentOfBranch, type DeploymentRequest } from './plan-deployment.ts';
import { requestDeployment } from './request.ts';
import { moveDeployment, updateDeployment } from './update.ts';

/** A build may wait longer for a git host than the response to a webhook. */
const LOOKUP_MS = 20_000;

/**
 * Looks up the head again for a deployment whose place in its branch was unknown when its push arrived. One that the
 * branch has moved past is canceled, and the head is deployed in its place. Returns whether it was canceled.
 */
export async function yieldToHead(ports: Ports, project: Project, deployment: Deployment): Promise<boolean> {
  if (deployment.unordered !== true || deployment.source.kind !== 'git') return false;
  const { id, environment, source, pullRequest } = deployment;
  const request: DeploymentRequest = {
    project,
    environment,
    source,
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
  const earlier = (await recentOfBranch(ports, request)).filter((other) => other.id !== id);
  const order = await orderOf(ports)(request, earlier, LOOKUP_MS);
  if (order.kind === 'unknown') return false;
  if (order.kind !== 'late' && order.kind !== 'moved') {
    await updateDeployment(ports)(id, () => ({ unordered: false }));
    return false;
  }
  // Before the other is superseded, so that a crash in between loses neither. Superseding cancels it.
  if (order.kind === 'moved')
    await requestDeployment(ports)({
      ...request,
      source: { kind: 'git', commit: order.head, branch: source.branch },
      atHead: true,
      ...(deployment.deliveryId === undefined ? {} : { deliveryId: deployment.deliveryId }),
    });
  const moved = await moveDeployment(ports)(id, 'canceled', {
    error: anchorError(
      'superseded',
      `${source.branch} is at ${order.head.slice(0, 7)} already; this push is older`,
      'Nothing to do: the newer commit is deployed.',
    ),
  });
  if (moved.ok) await ports.queue.cancel(id);
  return moved.ok || (await ports.deployments.get(id))?.state === 'canceled';
}
