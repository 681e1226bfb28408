import { z } from 'zod';
import { allMetricsSchema, metricStep, projectMetricsSchema } from '../schemas/metrics.ts';
import { projectRef } from '../schemas/primitive.ts';
import { endpoint } from './endpoint.ts';

const DAY_MINUTES = 24 * 60;

export const metrics = {
  project: endpoint({
    method: 'GET',
    path: '/api/projects/{project}/metrics',
    summary: "Get a project's requests over time",
    scope: 'read',
    resource: 'project',
    params: z.strictObject({ project: projectRef }),
    query: z.strictObject({
      from: z.int().nonnegative().optional().meta({
        description:
          'In milliseconds since the epoch; 60 steps before `to` when absent. At most 1,500 steps before it.',
      }),
      to: z.int().nonnegative().optional().meta({ description: 'Not included; now when absent.' }),
      step: metricStep.optional().meta({
        description: 'minute when absent. Seconds are there for ten minutes, minutes for a week, hours for a year.',
      }),
    }),
    response: projectMetricsSchema,
    status: 200,
    errors: ['not_found'],
  }),
  list: endpoint({
    method: 'GET',
    path: '/api/metrics',
    summary: 'List the projects with requests, most requests first',
    scope: 'read',
    resource: 'shared',
    query: z.strictObject({
      minutes: z
        .int()
        .min(1)
        .max(366 * DAY_MINUTES)
        .optional()
        .meta({ description: 'The last so many minutes; 60 when absent.' }),
    }),
    response: allMetricsSchema,
    status: 200,
    errors: [],
  }),
  prometheus: endpoint({
    method: 'GET',
    path: '/api/metrics/prometheus',
    summary: 'Get all metrics in the text format of Prometheus; also at /metrics',
    scope: 'read',
    resource: 'platform',
    status: 200,
    errors: [],
    stream: 'download',
    mediaType: 'text/plain; version=0.0.4; charset=utf-8',
  }),
};
