import { z } from 'zod';
import { deliveryId, deploymentId, projectId, timestamp } from './primitive.ts';

/** One incoming webhook or push, stored before its response. */
export const deliverySchema = z
  .object({
    id: deliveryId,
    projectId,
    source: z.enum(['github', 'gitlab', 'gitea', 'hook', 'git', 'upload', 'api']),
    externalId: z.string(),
    event: z.string(),
    state: z.enum(['received', 'accepted', 'ignored', 'rejected']),
    reason: z.string().optional(),
    deploymentIds: z.array(deploymentId),
    receivedAt: timestamp,
  })
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof deliverySchema>;

/** Response of a webhook, deploy hook or replay. */
export const acceptedSchema = z.object({ deliveryId, deploymentIds: z.array(deploymentId) }).meta({ id: 'Accepted' });
export type Accepted = z.infer<typeof acceptedSchema>;
