import { z } from 'zod';
import { pageOf, pageQuery } from '../schemas/page.ts';
import { deadLetterSchema, gcReportSchema, healthAnswerSchema, restoreReportSchema, statusSchema } from '../schemas/platform.ts';
import { jobId, tokenId } from '../schemas/primitive.ts';
import { createdTokenSchema, tokenInputSchema, tokenSchema } from '../schemas/token.ts';
import { endpoint } from './endpoint.ts';

export const tokens = {
  list: endpoint({ method: 'GET', path: '/api/tokens', summary: 'List tokens', scope: 'admin', bound: 'platform', query: z.strictObject(pageQuery), response: pageOf(tokenSchema), status: 200, errors: [] }),
  create: endpoint({ method: 'POST', path: '/api/tokens', summary: 'Create a token; its value is shown once', scope: 'admin', bound: 'platform', body: tokenInputSchema, response: createdTokenSchema, status: 201, errors: ['not_found'], secretAnswer: true }),
  current: endpoint({ method: 'GET', path: '/api/tokens/current', summary: 'The token of this request', scope: 'read', bound: 'shared', response: tokenSchema, status: 200, errors: [] }),
  remove: endpoint({ method: 'DELETE', path: '/api/tokens/{token}', summary: 'Revoke a token', scope: 'admin', bound: 'platform', params: z.strictObject({ token: tokenId }), status: 204, errors: ['not_found'] }),
};

export const deadLetters = {
  list: endpoint({ method: 'GET', path: '/api/dead-letters', summary: 'List jobs that were given up', scope: 'admin', bound: 'platform', query: z.strictObject(pageQuery), response: pageOf(deadLetterSchema), status: 200, errors: [] }),
  revive: endpoint({ method: 'POST', path: '/api/dead-letters/{job}/revive', summary: 'Put a job that was given up back into the queue', scope: 'admin', bound: 'platform', params: z.strictObject({ job: jobId }), status: 204, errors: ['not_found'] }),
};

export const platform = {
  health: endpoint({ method: 'GET', path: '/api/health', summary: 'Whether the server answers', scope: 'none', bound: 'shared', response: healthAnswerSchema, status: 200, errors: [] }),
  status: endpoint({ method: 'GET', path: '/api/status', summary: 'What works and what does not: sandbox, disk, queue, edge, function host', scope: 'read', bound: 'shared', response: statusSchema, status: 200, errors: [] }),
  openapi: endpoint({ method: 'GET', path: '/api/openapi.json', summary: 'This description', scope: 'read', bound: 'shared', response: z.record(z.string(), z.unknown()), status: 200, errors: [] }),
  gc: endpoint({ method: 'POST', path: '/api/gc', summary: 'Remove what retention no longer keeps', scope: 'admin', bound: 'platform', body: z.strictObject({ dryRun: z.boolean().optional() }), response: gcReportSchema, status: 200, errors: ['conflict'] }),
  backup: endpoint({ method: 'POST', path: '/api/backup', summary: 'Everything in one file, while running', scope: 'admin', bound: 'platform', status: 200, errors: ['disk_full'], stream: 'download', mediaType: 'application/octet-stream' }),
  restore: endpoint({ method: 'POST', path: '/api/restore', summary: 'Put a backup in the place of everything that is there; the platform starts again with it', scope: 'admin', bound: 'platform', response: restoreReportSchema, status: 202, errors: ['conflict', 'disk_full', 'unsupported'], stream: 'upload', mediaType: 'application/octet-stream' }),
};
