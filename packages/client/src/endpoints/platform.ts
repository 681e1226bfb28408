import { z } from 'zod';
import { pageOf, pageQuery } from '../schemas/page.ts';
import {
  deadLetterSchema,
  failedRecordSchema,
  gcReportSchema,
  healthSchema,
  restoreReportSchema,
  statusSchema,
} from '../schemas/platform.ts';
import { jobId, teamRef, tokenId } from '../schemas/primitive.ts';
import { createdTokenSchema, tokenInputSchema, tokenSchema } from '../schemas/token.ts';
import { endpoint } from './endpoint.ts';

const ofTeam = {
  team: teamRef.optional().meta({ description: 'Tokens of this team; of the whole platform when absent.' }),
};

export const tokens = {
  list: endpoint({
    method: 'GET',
    path: '/api/tokens',
    summary: 'List tokens',
    scope: 'admin',
    resource: 'platform',
    query: z.strictObject({ ...pageQuery, ...ofTeam }),
    response: pageOf(tokenSchema),
    status: 200,
    errors: [],
  }),
  create: endpoint({
    method: 'POST',
    path: '/api/tokens',
    summary: 'Create a token; its value is shown once',
    scope: 'admin',
    resource: 'platform',
    query: z.strictObject(ofTeam),
    body: tokenInputSchema,
    response: createdTokenSchema,
    status: 201,
    errors: ['not_found'],
    secretResponse: true,
  }),
  current: endpoint({
    method: 'GET',
    path: '/api/tokens/current',
    summary: 'The token of this request',
    scope: 'read',
    resource: 'shared',
    response: tokenSchema,
    status: 200,
    errors: [],
  }),
  remove: endpoint({
    method: 'DELETE',
    path: '/api/tokens/{token}',
    summary: 'Revoke a token',
    scope: 'admin',
    resource: 'platform',
    params: z.strictObject({ token: tokenId }),
    query: z.strictObject(ofTeam),
    status: 204,
    errors: ['not_found'],
  }),
};

const record = z.strictObject({ kind: z.string().regex(/^[a-z_]{1,40}$/), id: z.string().min(1).max(300) });

export const deadLetters = {
  list: endpoint({
    method: 'GET',
    path: '/api/dead-letters',
    summary: 'List dead jobs',
    scope: 'admin',
    resource: 'platform',
    query: z.strictObject(pageQuery),
    response: pageOf(deadLetterSchema),
    status: 200,
    errors: [],
  }),
  revive: endpoint({
    method: 'POST',
    path: '/api/dead-letters/{job}/revive',
    summary: 'Retry a dead job',
    scope: 'admin',
    resource: 'platform',
    params: z.strictObject({ job: jobId }),
    status: 204,
    errors: ['not_found'],
  }),
  drop: endpoint({
    method: 'DELETE',
    path: '/api/dead-letters/{job}',
    summary: 'Drop a dead job',
    scope: 'admin',
    resource: 'platform',
    params: z.strictObject({ job: jobId }),
    status: 204,
    errors: ['not_found'],
  }),
  records: {
    list: endpoint({
      method: 'GET',
      path: '/api/failed-records',
      summary: 'List stored records that could not be processed',
      scope: 'admin',
      resource: 'platform',
      query: z.strictObject(pageQuery),
      response: pageOf(failedRecordSchema),
      status: 200,
      errors: [],
    }),
    retry: endpoint({
      method: 'POST',
      path: '/api/failed-records/{kind}/{id}/retry',
      summary: 'Process a record again',
      scope: 'admin',
      resource: 'platform',
      params: record,
      status: 204,
      errors: ['not_found', 'conflict'],
    }),
    drop: endpoint({
      method: 'DELETE',
      path: '/api/failed-records/{kind}/{id}',
      summary: 'Drop a record',
      scope: 'admin',
      resource: 'platform',
      params: record,
      status: 204,
      errors: ['not_found', 'conflict'],
    }),
  },
};

export const platform = {
  health: endpoint({
    method: 'GET',
    path: '/api/health',
    summary: 'Check that the server responds',
    scope: 'none',
    resource: 'shared',
    response: healthSchema,
    status: 200,
    errors: [],
  }),
  status: endpoint({
    method: 'GET',
    path: '/api/status',
    summary: 'Report the state of sandbox, disk, queue, edge and function host',
    scope: 'read',
    resource: 'shared',
    response: statusSchema,
    status: 200,
    errors: [],
  }),
  openapi: endpoint({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This description',
    scope: 'read',
    resource: 'shared',
    response: z.record(z.string(), z.unknown()),
    status: 200,
    errors: [],
  }),
  gc: endpoint({
    method: 'POST',
    path: '/api/gc',
    summary: 'Remove expired artifacts and records',
    scope: 'admin',
    resource: 'platform',
    body: z.strictObject({
      dryRun: z.boolean().optional(),
      caches: z
        .boolean()
        .optional()
        .meta({ description: 'Also free caches that are within their limits; the next builds take longer.' }),
      force: z.boolean().optional().meta({
        description: 'Remove also when a check refused: nothing explains why so much is unused, or the clock jumped.',
      }),
    }),
    response: gcReportSchema,
    status: 200,
    errors: ['conflict'],
  }),
  backup: endpoint({
    method: 'POST',
    path: '/api/backup',
    summary: 'Download a backup of the whole platform',
    scope: 'admin',
    resource: 'platform',
    status: 200,
    errors: ['disk_full'],
    stream: 'download',
    mediaType: 'application/octet-stream',
  }),
  restore: endpoint({
    method: 'POST',
    path: '/api/restore',
    summary: 'Replace the whole platform by a backup; the platform restarts',
    scope: 'admin',
    resource: 'platform',
    response: restoreReportSchema,
    status: 202,
    errors: ['conflict', 'disk_full', 'unsupported'],
    stream: 'upload',
    mediaType: 'application/octet-stream',
  }),
};
