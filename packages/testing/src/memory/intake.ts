import type { IntakeStore } from '@anchor/core/ports/intake.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import type { MemoryDeliveries } from './deliveries.ts';
import type { MemoryDeployments } from './deployments.ts';

/** All in one turn, so that nobody sees half of it. */
export const intakeStore = (deliveries: MemoryDeliveries, deployments: MemoryDeployments, queue: Readonly<{ add(job: Parameters<JobQueue['enqueue']>[0]): boolean }>): IntakeStore => ({
  async take({ delivery, deployment, job }) {
    if (delivery !== undefined && !deliveries.fits(delivery)) return 'delivery_known';
    if (!deployments.fits(deployment)) return 'deployment_known';
    if (delivery !== undefined) deliveries.add(delivery);
    deployments.add(deployment);
    if (job !== undefined) queue.add(job);
    return 'stored';
  },
});
