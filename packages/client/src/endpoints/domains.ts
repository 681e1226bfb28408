import { z } from 'zod';
import { certificateInputSchema, certificateSchema } from '../schemas/certificate.ts';
import { addedDomainSchema, domainInputSchema, domainName, domainSchema } from '../schemas/domain.ts';
import { pageOf, pageQuery } from '../schemas/page.ts';
import { projectRef } from '../schemas/primitive.ts';
import { endpoint } from './endpoint.ts';

const project = z.strictObject({ project: projectRef });
const domain = z.strictObject({ project: projectRef, name: domainName });

export const domains = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/domains',
    summary: 'List the domains of a project',
    scope: 'read',
    resource: 'project',
    params: project,
    query: z.strictObject(pageQuery),
    response: pageOf(domainSchema),
    status: 200,
    errors: ['not_found'],
  }),
  add: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/domains',
    summary: 'Add a domain; its first check starts at once',
    scope: 'admin',
    resource: 'project',
    params: project,
    body: domainInputSchema,
    response: addedDomainSchema,
    status: 201,
    errors: ['not_found', 'already_exists', 'conflict'],
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/domains/{name}',
    summary: 'Get a domain with its state and the steps to fix it',
    scope: 'read',
    resource: 'project',
    params: domain,
    response: domainSchema,
    status: 200,
    errors: ['not_found'],
  }),
  check: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/domains/{name}/check',
    summary: 'Check DNS and certificate of a domain now',
    scope: 'deploy',
    resource: 'project',
    params: domain,
    response: domainSchema,
    status: 200,
    errors: ['not_found', 'rate_limited'],
  }),
  remove: endpoint({
    method: 'DELETE',
    path: '/api/projects/{project}/domains/{name}',
    summary: 'Remove a domain from a project; no other project gets it for 30 days without proof',
    scope: 'admin',
    resource: 'project',
    params: domain,
    status: 204,
    errors: ['not_found', 'conflict'],
  }),
};

export const certificates = {
  list: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/certificates',
    summary: "List the certificates of a project's domains",
    scope: 'read',
    resource: 'project',
    params: project,
    response: pageOf(certificateSchema),
    status: 200,
    errors: ['not_found'],
  }),
  all: endpoint({
    method: 'GET',
    path: '/api/certificates',
    summary: 'List every certificate of the platform',
    scope: 'read',
    resource: 'platform',
    response: pageOf(certificateSchema),
    status: 200,
    errors: [],
  }),
  upload: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/certificates',
    summary: "Upload a certificate for a project's domains",
    scope: 'admin',
    resource: 'project',
    params: project,
    body: certificateInputSchema,
    response: certificateSchema,
    status: 201,
    errors: ['not_found'],
  }),
  renew: endpoint({
    method: 'POST',
    path: '/api/projects/{project}/certificates/{name}/renew',
    summary: 'Renew the certificate of a domain now',
    scope: 'deploy',
    resource: 'project',
    params: domain,
    response: domainSchema,
    status: 202,
    errors: ['not_found', 'unsupported', 'rate_limited'],
  }),
};
