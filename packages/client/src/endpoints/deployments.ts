import { z } from 'zod';
import { acceptedSchema } from '../schemas/delivery.ts';
import { deploymentInputSchema, deploymentSchema, deploymentStatus, uploadSchema } from '../schemas/deployment.ts';
import { environmentSchema } from '../schemas/environment.ts';
import { logEventSchema, logLevel, logLineSchema } from '../schemas/log-line.ts';
import { pageOf, pageQuery } from '../schemas/page.ts';
import { branchName, deliveryId, deploymentId, environmentName, projectRef } from '../schemas/primitive.ts';
import { deliveryList } from './projects.ts';
import { endpoint } from './endpoint.ts';

const project = z.strictObject({ project: projectRef });
const deployment = z.strictObject({ deployment: deploymentId });
const target = z.strictObject({
  environment: environmentName.optional().meta({ description: 'production when absent.' }),
  revision: z.int().optional().meta({ description: "Act only when the environment's revision is this one." }),
});

const logFilter = {
  kind: z.enum(['build', 'run']).optional().meta({ description: 'build when absent.' }),
  level: logLevel.optional().meta({ description: 'This level and above.' }),
  requestId: z.string().max(200).optional(),
  text: z.string().max(200).optional(),
  after: z.int().nonnegative().optional().meta({ description: 'Only lines after this number.' }),
};

export const deployments = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/deployments',
    summary: "List a project's deployments, newest first",
    scope: 'read',
    resource: 'project',
    params: project,
    query: z.strictObject({
      ...pageQuery,
      environment: environmentName.optional(),
      status: deploymentStatus.optional(),
      branch: branchName.optional(),
    }),
    response: pageOf(deploymentSchema),
    status: 200,
    errors: ['not_found'],
  }),
  create: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/deployments',
    summary: 'Deploy a branch or commit, an earlier deployment again, or an uploaded folder',
    scope: 'deploy',
    resource: 'project',
    params: project,
    body: deploymentInputSchema,
    response: deploymentSchema,
    status: 202,
    errors: ['not_found', 'conflict', 'disk_full', 'source_unreachable'],
  }),
  upload: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/uploads',
    summary: 'Upload a folder as tar.gz, to be deployed next',
    scope: 'deploy',
    resource: 'project',
    params: project,
    response: uploadSchema,
    status: 201,
    errors: ['not_found', 'too_large', 'disk_full'],
    stream: 'upload',
    mediaType: 'application/gzip',
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/deployments/{deployment}',
    summary: 'Get a deployment',
    scope: 'read',
    resource: 'deployment',
    params: deployment,
    response: deploymentSchema,
    status: 200,
    errors: ['not_found'],
  }),
  logs: {
    list: endpoint({
      method: 'GET',
      path: '/api/deployments/{deployment}/logs',
      summary: 'Read build or runtime log lines',
      scope: 'read',
      resource: 'deployment',
      params: deployment,
      query: z.strictObject({
        ...logFilter,
        follow: z.literal(false).optional(),
        limit: z.int().min(1).max(5000).optional().meta({
          description:
            '1 to 5,000; 1,000 when absent. With `after`: that many lines after it; without: the last ones. A page holds 1 MB of text and may have fewer lines; when there may be more, `cursor` in the response is the `after` of the next page.',
        }),
      }),
      response: pageOf(logLineSchema),
      status: 200,
      errors: ['not_found'],
    }),
    follow: endpoint({
      method: 'GET',
      path: '/api/deployments/{deployment}/logs',
      summary: 'Follow build or runtime log lines as server-sent events (Accept: text/event-stream, or ?follow=1)',
      scope: 'read',
      resource: 'deployment',
      params: deployment,
      query: z.strictObject({
        ...logFilter,
        follow: z.boolean().optional(),
        limit: z.int().min(1).max(5000).optional().meta({
          description: 'Without `after`: start with the last so many lines; for run 100, for build all when absent.',
        }),
      }),
      response: logEventSchema,
      status: 200,
      errors: ['not_found'],
      stream: 'events',
    }),
  },
  promote: endpoint({
    method: 'POST',
    path: '/api/deployments/{deployment}/promote',
    summary: 'Switch an environment to this deployment without rebuilding',
    scope: 'deploy',
    resource: 'deployment',
    params: deployment,
    body: target,
    response: environmentSchema,
    status: 200,
    errors: ['not_found', 'conflict', 'not_ready', 'verification_failed'],
  }),
  rollback: endpoint({
    method: 'POST',
    path: '/api/deployments/{deployment}/rollback',
    summary: 'Switch an environment back to this earlier deployment, at once; stops automatic promotion until undone',
    scope: 'deploy',
    resource: 'deployment',
    params: deployment,
    body: target,
    response: environmentSchema,
    status: 200,
    errors: ['not_found', 'conflict', 'not_ready'],
  }),
  cancel: endpoint({
    method: 'POST',
    path: '/api/deployments/{deployment}/cancel',
    summary: 'Cancel a deployment that is not yet switching',
    scope: 'deploy',
    resource: 'deployment',
    params: deployment,
    response: deploymentSchema,
    status: 200,
    errors: ['not_found', 'conflict'],
  }),
  approve: endpoint({
    method: 'POST',
    path: '/api/deployments/{deployment}/approve',
    summary: 'Approve a held deployment of a fork',
    scope: 'deploy',
    resource: 'deployment',
    params: deployment,
    response: deploymentSchema,
    status: 200,
    errors: ['not_found', 'conflict'],
  }),
};

export const deliveries = {
  list: deliveryList,
  replay: endpoint({
    method: 'POST',
    path: '/api/deliveries/{delivery}/replay',
    summary: 'Process a delivery again',
    scope: 'deploy',
    resource: 'delivery',
    params: z.strictObject({ delivery: deliveryId }),
    response: acceptedSchema,
    status: 202,
    errors: ['not_found', 'conflict'],
  }),
};
