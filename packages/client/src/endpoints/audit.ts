import { z } from 'zod';
import { auditEntrySchema } from '../schemas/audit.ts';
import { pageOf, pageQuery } from '../schemas/page.ts';
import { projectRef, teamRef } from '../schemas/primitive.ts';
import { endpoint } from './endpoint.ts';

const filter = {
  team: teamRef.optional().meta({ description: 'Only changes of this team; of the whole platform when absent.' }),
  project: projectRef.optional(),
  actor: z.string().min(1).max(100).optional().meta({ description: 'Id of a token or a person.' }),
  action: z.string().min(1).max(100).optional().meta({ description: 'Name of an endpoint, such as projects.update.' }),
};

export const audit = {
  list: endpoint({
    method: 'GET',
    path: '/api/audit',
    summary: 'List changes of the platform, newest first',
    scope: 'admin',
    resource: 'platform',
    query: z.strictObject({ ...pageQuery, ...filter }),
    response: pageOf(auditEntrySchema),
    status: 200,
    errors: ['not_found'],
  }),
  export: endpoint({
    method: 'GET',
    path: '/api/audit/export',
    summary: 'Download the audit log, newest first, as JSON lines or CSV',
    scope: 'admin',
    resource: 'platform',
    query: z.strictObject({
      ...filter,
      format: z.enum(['jsonl', 'csv']).optional().meta({ description: 'jsonl when absent.' }),
    }),
    status: 200,
    errors: ['not_found'],
    stream: 'download',
    mediaType: 'application/octet-stream',
  }),
};
