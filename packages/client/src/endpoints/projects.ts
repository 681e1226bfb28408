import { z } from 'zod';
import { aliasSchema } from '../schemas/alias.ts';
import { deliverySchema } from '../schemas/delivery.ts';
import { environmentSchema, variableSchema, variablesInputSchema } from '../schemas/environment.ts';
import { pageOf, pageQuery } from '../schemas/page.ts';
import { branchName, deploymentId, environmentName, projectRef, teamRef, variableName } from '../schemas/primitive.ts';
import {
  createdProjectSchema,
  hookSecretsSchema,
  projectChangesSchema,
  projectInputSchema,
  projectReplacementSchema,
  projectSchema,
} from '../schemas/project.ts';
import { endpoint } from './endpoint.ts';

const project = z.strictObject({ project: projectRef });
const environment = z.strictObject({ project: projectRef, environment: environmentName });

export const projects = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects',
    summary: 'List projects',
    scope: 'read',
    resource: 'shared',
    query: z.strictObject(pageQuery),
    response: pageOf(projectSchema),
    status: 200,
    errors: [],
  }),
  create: endpoint({
    method: 'POST',
    path: '/api/projects',
    summary: 'Create a project',
    scope: 'admin',
    resource: 'team',
    query: z.strictObject({ team: teamRef.optional().meta({ description: 'The default team when absent.' }) }),
    body: projectInputSchema,
    response: createdProjectSchema,
    status: 201,
    errors: ['already_exists', 'source_refused'],
    secretResponse: true,
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/projects/{project}',
    summary: 'Get a project by id or name',
    scope: 'read',
    resource: 'project',
    params: project,
    response: projectSchema,
    status: 200,
    errors: ['not_found'],
  }),
  replace: endpoint({
    method: 'PUT',
    path: '/api/projects/{project}',
    summary: "Replace a project's settings",
    scope: 'admin',
    resource: 'project',
    params: project,
    body: projectReplacementSchema,
    response: projectSchema,
    status: 200,
    errors: ['not_found', 'conflict', 'source_refused'],
    conditional: true,
  }),
  update: endpoint({
    method: 'PATCH',
    path: '/api/projects/{project}',
    summary: "Change some of a project's settings",
    scope: 'admin',
    resource: 'project',
    params: project,
    body: projectChangesSchema,
    response: projectSchema,
    status: 200,
    errors: ['not_found', 'conflict', 'source_refused'],
    conditional: true,
  }),
  remove: endpoint({
    method: 'DELETE',
    path: '/api/projects/{project}',
    summary: 'Delete a project with its deployments',
    scope: 'admin',
    resource: 'project',
    params: project,
    status: 204,
    errors: ['not_found', 'conflict'],
  }),
  rotateHooks: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/hooks/rotate',
    summary: 'Make a new webhook secret and deploy hook URL; the old ones stop working',
    scope: 'admin',
    resource: 'project',
    params: project,
    response: hookSecretsSchema,
    status: 200,
    errors: ['not_found', 'conflict'],
    secretResponse: true,
  }),
};

export const environments = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/environments',
    summary: "List a project's environments",
    scope: 'read',
    resource: 'project',
    params: project,
    response: pageOf(environmentSchema),
    status: 200,
    errors: ['not_found'],
  }),
  rollback: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/environments/{environment}/rollback',
    summary: 'Serve an earlier deployment at once; the one before this when none is named',
    scope: 'deploy',
    resource: 'project',
    params: environment,
    body: z.strictObject({ deployment: deploymentId.optional(), revision: z.int().optional() }),
    response: environmentSchema,
    status: 200,
    errors: ['not_found', 'conflict', 'not_ready'],
  }),
  undoRollback: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/environments/{environment}/undo-rollback',
    summary: 'Let new deployments go live again',
    scope: 'deploy',
    resource: 'project',
    params: environment,
    response: environmentSchema,
    status: 200,
    errors: ['not_found', 'conflict'],
  }),
};

export const variables = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/environments/{environment}/variables',
    summary: "List an environment's variables",
    scope: 'read',
    resource: 'project',
    params: environment,
    query: z.strictObject({
      reveal: z
        .boolean()
        .optional()
        .meta({ description: 'Show the values of those that are no secrets; needs scope deploy.' }),
    }),
    response: pageOf(variableSchema),
    status: 200,
    errors: ['not_found'],
  }),
  put: endpoint({
    method: 'PUT',
    path: '/api/projects/{project}/environments/{environment}/variables',
    summary: 'Set variables; used by the next deployment',
    scope: 'deploy',
    resource: 'project',
    params: environment,
    body: variablesInputSchema,
    response: pageOf(variableSchema),
    status: 200,
    errors: ['not_found', 'conflict'],
  }),
  remove: endpoint({
    method: 'DELETE',
    path: '/api/projects/{project}/environments/{environment}/variables/{name}',
    summary: 'Remove a variable',
    scope: 'deploy',
    resource: 'project',
    params: z.strictObject({ ...environment.shape, name: variableName }),
    query: z.strictObject({
      branch: branchName.optional().meta({ description: "The value of this branch, not the environment's own." }),
    }),
    status: 204,
    errors: ['not_found'],
  }),
};

export const aliases = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/aliases',
    summary: 'List the host names of a project and their deployments',
    scope: 'read',
    resource: 'project',
    params: project,
    query: z.strictObject(pageQuery),
    response: pageOf(aliasSchema),
    status: 200,
    errors: ['not_found'],
  }),
};

export const deliveryList = endpoint({
  method: 'GET',
  path: '/api/projects/{project}/deliveries',
  summary: 'List received webhooks and pushes',
  scope: 'read',
  resource: 'project',
  params: project,
  query: z.strictObject({ ...pageQuery, state: deliverySchema.shape.state.optional() }),
  response: pageOf(deliverySchema),
  status: 200,
  errors: ['not_found'],
});
