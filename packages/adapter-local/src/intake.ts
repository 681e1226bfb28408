import type { IntakeStore } from '@anchor/core/ports/intake.ts';
import type { Database } from './database.ts';
import { deliveryTable } from './deliveries.ts';
import { deploymentTable } from './deployments.ts';
import type { LocalJobQueue } from './job-queue.ts';

/** All of a push in one operation of the shared commit: one flush of the disk, whatever else came at the same moment. */
export function openIntake(db: Database, queue: LocalJobQueue): IntakeStore {
  const deliveries = deliveryTable(db);
  const deployments = deploymentTable(db);
  return {
    async take({ delivery, deployment, job }) {
      const taken = await db.write(() => {
        if (delivery !== undefined && !deliveries.add(delivery)) return 'delivery_known';
        if (!deployments.add(deployment)) {
          if (delivery !== undefined) deliveries.drop(delivery.id);
          return 'deployment_known';
        }
        if (job !== undefined) queue.add(job);
        return 'stored';
      });
      if (taken === 'stored') queue.added();
      return taken;
    },
  };
}
