import type { PushTransaction } from '@anchor/core/ports/push-transaction.ts';
import type { Database } from '../database.ts';
import { deliveryTable } from './deliveries.ts';
import { deploymentTable } from './deployments.ts';
import type { LocalJobQueue } from './job-queue.ts';

/**
 * Opens the transaction that stores all of a push in one operation of the shared commit: one flush of the disk,
 * whatever else came at the same moment.
 */
export function openPushTransaction(db: Database, queue: LocalJobQueue): PushTransaction {
  const deliveries = deliveryTable(db);
  const deployments = deploymentTable(db);
  return {
    async commit({ delivery, deployment, job }) {
      const taken = await db.write(() => {
        if (delivery !== undefined && !deliveries.insertInTx(delivery)) return 'duplicate_delivery';
        if (!deployments.insertInTx(deployment)) {
          if (delivery !== undefined) deliveries.deleteInTx(delivery.id);
          return 'duplicate_deployment';
        }
        if (job !== undefined) queue.add(job);
        return 'stored';
      });
      if (taken === 'stored') queue.added();
      return taken;
    },
  };
}
