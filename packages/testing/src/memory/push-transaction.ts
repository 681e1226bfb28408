import type { PushTransaction } from '@anchor/core/ports/push-transaction.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import type { MemoryDeliveries } from './deliveries.ts';
import type { MemoryDeployments } from './deployments.ts';

/** Writes everything in one turn, so that no reader sees half of it. */
export const pushTransaction = (
  deliveries: MemoryDeliveries,
  deployments: MemoryDeployments,
  queue: Readonly<{ add(job: Parameters<JobQueue['enqueue']>[0]): boolean }>,
): PushTransaction => ({
  async commit({ delivery, deployment, job }) {
    if (delivery !== undefined && !deliveries.fits(delivery)) return 'duplicate_delivery';
    if (!deployments.fits(deployment)) return 'duplicate_deployment';
    if (delivery !== undefined) deliveries.add(delivery);
    deployments.add(deployment);
    if (job !== undefined) queue.add(job);
    return 'stored';
  },
});
