import { z } from 'zod';
import {
  branchName,
  commitPrefix,
  commitSha,
  deliveryId,
  deploymentId,
  environmentName,
  projectId,
  sha256,
  timestamp,
} from './primitive.ts';
import { failureSchema } from './problem.ts';

/**
 * `queued → building → deploying → success`, or `failed`, or `canceled`; `held` waits for an approval (pull requests
 * from forks).
 */
export const DEPLOYMENT_STATUSES = [
  'held',
  'queued',
  'building',
  'deploying',
  'success',
  'failed',
  'canceled',
] as const;
export const deploymentStatus = z.enum(DEPLOYMENT_STATUSES);
export type DeploymentStatus = z.infer<typeof deploymentStatus>;
export const isFinalStatus = (status: DeploymentStatus): boolean =>
  status === 'success' || status === 'failed' || status === 'canceled';

export const stepSchema = z.object({
  name: z.enum(['fetch', 'install', 'build', 'package', 'publish', 'verify', 'switch']),
  startedAt: timestamp,
  endedAt: timestamp.optional(),
});
export type Step = z.infer<typeof stepSchema>;

export const deploymentSchema = z
  .object({
    id: deploymentId,
    projectId,
    environment: environmentName,
    status: deploymentStatus,
    source: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('git'),
        commit: commitSha,
        branch: branchName,
        message: z.string().optional(),
        author: z.string().optional(),
      }),
      z.object({
        kind: z.literal('upload'),
        blob: sha256,
        branch: branchName.optional(),
        commit: commitSha.optional(),
        message: z.string().optional(),
      }),
    ]),
    url: z.string().meta({ description: "This deployment's own address; it never changes." }),
    liveAt: z
      .array(z.string())
      .meta({ description: 'Addresses that point at this deployment now, other than its own.' }),
    error: failureSchema.optional().meta({ description: 'Why it failed, was canceled or is held.' }),
    deliveryId: deliveryId.optional(),
    pullRequest: z.object({ number: z.int(), fork: z.boolean() }).optional(),
    trusted: z.boolean().meta({ description: 'Builds of forks are not trusted: no secrets, no caches written.' }),
    steps: z.array(stepSchema),
    attempt: z.int(),
    notPromoted: z
      .string()
      .optional()
      .meta({ description: 'Set when it succeeded but was not switched to, with the reason.' }),
    artifactRemovedAt: timestamp
      .optional()
      .meta({ description: 'When retention removed its files; it can no longer serve.' }),
    createdAt: timestamp,
    buildStartedAt: timestamp.optional(),
    buildEndedAt: timestamp.optional(),
    deployStartedAt: timestamp.optional(),
    deployEndedAt: timestamp.optional(),
    updatedAt: timestamp,
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof deploymentSchema>;

/** The source to deploy: a branch or commit, an earlier deployment again, or an uploaded folder. */
export const deploymentInputSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('git'),
      branch: branchName.optional().meta({ description: 'The production branch when absent.' }),
      commit: commitPrefix
        .optional()
        .meta({ description: "A commit id or the start of one; the branch's newest commit when absent." }),
      environment: environmentName.optional().meta({ description: 'By the branch rules when absent.' }),
      force: z.boolean().optional().meta({ description: 'Build again although this commit was deployed before.' }),
    }),
    z.strictObject({
      kind: z.literal('redeploy'),
      deployment: deploymentId.optional().meta({
        description:
          "The environment's newest when absent: its commit is built again with the variables as they are now.",
      }),
      environment: environmentName
        .optional()
        .meta({ description: "The deployment's own, or production, when absent." }),
      branch: branchName.optional().meta({ description: 'Without a deployment: the newest of this branch.' }),
    }),
    z.strictObject({
      kind: z.literal('upload'),
      blob: sha256.meta({ description: 'The blob that POST …/uploads returned.' }),
      branch: branchName.optional(),
      commit: commitSha.optional(),
      message: z.string().max(1024).optional(),
      environment: environmentName.optional().meta({ description: 'production when absent.' }),
    }),
  ])
  .meta({ id: 'DeploymentInput' });
export type DeploymentInput = z.input<typeof deploymentInputSchema>;

export const uploadSchema = z.object({ blob: sha256, size: z.int() }).meta({ id: 'Upload' });
export type Upload = z.infer<typeof uploadSchema>;
