import { z } from 'zod';
import { timestamp } from './primitive.ts';
import { deploymentSchema } from './deployment.ts';

export const logLevel = z.enum(['debug', 'info', 'warn', 'error']);
export type LogLevel = z.infer<typeof logLevel>;
export const logLineSchema = z
  .object({
    n: z.int().meta({ description: 'Counts from 1 within its log; `after` takes it.' }),
    at: timestamp,
    level: logLevel,
    text: z.string(),
    step: z.string().optional().meta({
      description: 'The step it belongs to; `failure`: the message, cause and fix of the deployment that failed.',
    }),
    requestId: z.string().optional(),
  })
  .meta({ id: 'LogLine' });
export type LogLine = z.infer<typeof logLineSchema>;

/** The events of a followed log: lines; the deployment whenever its status or steps change; at last `end`. */
export const logEventSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('line'), line: logLineSchema }),
    z.object({ type: z.literal('deployment'), deployment: deploymentSchema }),
    z.object({ type: z.literal('end'), deployment: deploymentSchema }),
  ])
  .meta({ id: 'LogEvent' });
export type LogEvent = z.infer<typeof logEventSchema>;
