import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { anchorError } from '../result/result.ts';
import { headTime, type Deployment } from './deployment.ts';
import { jobOf, latestOfBranch } from './plan-deployment.ts';
import { moveDeployment } from './update.ts';

/** Queues the build of a deployment; queuing it twice is queuing it once. */
export async function enqueue(ports: Pick<Ports, 'queue' | 'clock'>, deployment: Deployment): Promise<void> {
  await ports.queue.enqueue(jobOf(deployment, ports.clock.now()));
}

/**
 * Cancels a deployment that has come to its turn although a newer one of its branch waits or is done. True when it did.
 */
export async function cancelIfSuperseded(
  ports: Pick<Ports, 'deployments' | 'variables' | 'queue' | 'clock'>,
  deployment: Deployment,
): Promise<boolean> {
  const newer = await latestOfBranch(ports, deployment);
  const { branch } = deployment.source;
  if (newer === undefined || newer.id === deployment.id || headTime(newer, branch) < headTime(deployment, branch))
    return false;
  if (newer.state === 'canceled' || newer.state === 'failed' || newer.state === 'held') return false;
  await supersede(ports, deployment.id, newer.id);
  return true;
}

/** Cancels the build of `id`, whose branch has a newer commit in `by`. */
export async function supersede(
  ports: Pick<Ports, 'deployments' | 'variables' | 'queue' | 'clock'>,
  id: DeploymentId,
  by: DeploymentId,
): Promise<void> {
  const moved = await moveDeployment(ports)(id, 'canceled', {
    error: anchorError(
      'superseded',
      `Superseded by a newer commit of the same branch: ${by}`,
      'Nothing to do: the newer deployment goes live.',
    ),
  });
  if (moved.ok) await ports.queue.cancel(id);
}
