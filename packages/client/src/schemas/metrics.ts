import { z } from 'zod';
import { projectId, timestamp } from './primitive.ts';

const requests = z.int().nonnegative();
const milliseconds = z.number().nonnegative().optional();

/** Requests within some time. */
const summary = {
  requests,
  success: requests.meta({ description: 'Status 1xx and 2xx.' }),
  redirects: requests,
  clientErrors: requests.meta({ description: 'Status 4xx, and clients that left.' }),
  serverErrors: requests.meta({ description: 'Status 5xx.' }),
  stored: requests.meta({ description: 'Responses that needed no function: files, prerendered and cached pages.' }),
  bytes: z.number().nonnegative(),
  p50: milliseconds.meta({
    description: 'Half of the requests took at most so many milliseconds. Off by at most 19 %.',
  }),
  p95: milliseconds,
  p99: milliseconds,
};

export const metricStep = z.enum(['second', 'minute', 'hour']);

export const projectMetricsSchema = z
  .object({
    step: metricStep,
    from: timestamp,
    to: timestamp,
    total: z.object(summary),
    points: z
      .array(z.object({ at: timestamp, ...summary }))
      .meta({ description: 'Steps with requests, oldest first.' }),
  })
  .meta({ id: 'ProjectMetrics' });
export type ProjectMetrics = z.infer<typeof projectMetricsSchema>;
export type RequestTotals = ProjectMetrics['total'];

export const allMetricsSchema = z
  .object({
    from: timestamp,
    items: z
      .array(z.object({ projectId, project: z.string(), ...summary }))
      .meta({ description: 'Most requests first.' }),
  })
  .meta({ id: 'AllMetrics' });
export type AllMetrics = z.infer<typeof allMetricsSchema>;
