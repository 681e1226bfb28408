import type { Delivery } from '../deliveries/delivery.ts';
import type { Deployment } from '../deployments/deployment.ts';
import type { Job } from '../queue/job.ts';

/**
 * The records of one push: the delivery with its outcome, the new deployment, and the job that builds it; held
 * deployments have none.
 */
export type PushRecord = Readonly<{ delivery?: Delivery; deployment: Deployment; job?: Job }>;
/**
 * `stored`; or what was there before, and then nothing was written: the delivery (also when both were), or the
 * deployment.
 */
export type PushOutcome = 'stored' | 'duplicate_delivery' | 'duplicate_deployment';

/**
 * Stores a push as one write, so that its sender waits for one: all or nothing, durable when it resolves, under the
 * conditions of `DeliveryStore.insert` and `DeploymentStore.insert`. (DynamoDB: one TransactWriteItems of two items and
 * their two unique keys, of at most 100 items and 4 MB; the cancellation reasons name the failed condition. SQS is not
 * part of it: there the job is sent after it and before this resolves. When a crash in between leaves a deployment
 * without its job, `Recovery` creates the job, as everywhere.)
 */
export interface PushTransaction {
  commit(taken: PushRecord): Promise<PushOutcome>;
}
