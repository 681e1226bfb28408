import { z } from 'zod';
import { deploymentId, hostName, projectId, timestamp } from './primitive.ts';

/** A host name that points at a deployment: the only thing that moves. */
export const aliasSchema = z
  .object({
    host: hostName,
    url: z.string(),
    projectId,
    deploymentId,
    kind: z.enum(['environment', 'branch', 'pull_request', 'deployment', 'domain']),
    target: z.string().meta({ description: 'The environment, branch, pull request or deployment it stands for.' }),
    pinned: z.boolean(),
    earlier: z.array(deploymentId),
    revision: z.int(),
    updatedAt: timestamp,
  })
  .meta({ id: 'Alias' });
export type Alias = z.infer<typeof aliasSchema>;
