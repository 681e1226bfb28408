import type { Delivery } from '../deliveries/delivery.ts';
import type { Deployment } from '../deployments/deployment.ts';
import type { Job } from '../queue/job.ts';

/** What one push leaves behind: the delivery with its outcome, the new deployment, and the job that builds it; held deployments have none. */
export type Taken = Readonly<{ delivery?: Delivery; deployment: Deployment; job?: Job }>;
/** `stored`; or what was there before, and then nothing was written: the delivery (also when both were), or the deployment. */
export type Intake = 'stored' | 'delivery_known' | 'deployment_known';

/**
 * Takes a push in as one write, so that its sender waits for one: all or nothing, durable when it resolves, under the
 * conditions of `DeliveryStore.insert` and `DeploymentStore.insert`. (DynamoDB: one TransactWriteItems of two items and
 * their two unique keys, of at most 100 items and 4 MB; the reasons of a cancellation tell which condition failed. SQS
 * is no part of that: there the job is sent after it and before this resolves, and a deployment that a crash in between
 * leaves without its job gets it from `recover`, which looks for those everywhere.)
 */
export interface IntakeStore {
  take(taken: Taken): Promise<Intake>;
}
