import { act } from '../deliveries/accept-push.ts';
import type { Ports } from '../ports/ports.ts';
import { enqueue } from './request.ts';
import { moveDeployment } from './update.ts';

/**
 * After a crash of the control plane: ends the leases of dead workers, acts on deliveries that were stored but not acted
 * on, and gives every unfinished deployment its job back. Safe to run at any time, and twice.
 */
export const recover = (ports: Ports) => async (): Promise<Readonly<{ deliveries: number; deployments: number }>> => {
  await ports.queue.releaseAll();
  let deliveries = 0;
  for (const delivery of await ports.deliveries.unprocessed()) {
    const project = await ports.projects.get(delivery.projectId);
    if (project === undefined) continue;
    await act(ports, project, delivery, false);
    deliveries++;
  }
  let deployments = 0;
  for (const deployment of await ports.deployments.inStates(['queued', 'building', 'deploying'])) {
    // A build has no half-way point worth keeping; a switch goes on where it stood.
    if (deployment.state === 'building') await moveDeployment(ports)(deployment.id, 'queued');
    await enqueue(ports, deployment);
    deployments++;
  }
  return { deliveries, deployments };
};
