import { z } from 'zod';
import { deploymentId, jobId, timestamp } from './primitive.ts';

export const healthAnswerSchema = z.object({ status: z.literal('ok'), version: z.string() }).meta({ id: 'Health' });
export type Health = z.infer<typeof healthAnswerSchema>;

/** One thing that `anchor doctor` looks at. A check that is not ok says what to do. */
export const checkSchema = z.object({ name: z.string(), ok: z.boolean(), message: z.string(), fix: z.string().optional() });
export const statusSchema = z
  .object({
    version: z.string(),
    node: z.string(),
    startedAt: timestamp,
    ok: z.boolean().meta({ description: 'Every check is ok.' }),
    disk: z.object({ freeBytes: z.int(), totalBytes: z.int() }),
    queue: z.object({ waiting: z.int(), leased: z.int(), dead: z.int() }),
    checks: z.array(checkSchema).meta({ description: 'sandbox, disk, edge, host, …' }),
  })
  .meta({ id: 'Status' });
export type Status = z.infer<typeof statusSchema>;

/** A job that was given up, with the reason; it can be revived. */
export const deadLetterSchema = z
  .object({ id: jobId, kind: z.string(), lane: z.string(), group: z.string(), payload: z.record(z.string(), z.string()), attempts: z.int(), reason: z.string(), createdAt: timestamp, diedAt: timestamp })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export const gcReportSchema = z
  .object({
    dryRun: z.boolean(),
    deployments: z.array(deploymentId).meta({ description: 'Deployments whose artifacts go.' }),
    records: z.int().meta({ description: 'Deployment records that go.' }),
    deliveries: z.int().meta({ description: 'Delivery records that go.' }),
    blobs: z.int(),
    bytes: z.int().meta({ description: 'Bytes that become free.' }),
  })
  .meta({ id: 'GcReport' });
export type GcReport = z.infer<typeof gcReportSchema>;

/** What a backup held, as it was checked before it was put in place. Tokens are those of the backup from then on. */
export const restoreReportSchema = z.object({ projects: z.int(), deployments: z.int(), blobs: z.int(), bytes: z.int() }).meta({ id: 'RestoreReport' });
export type RestoreReport = z.infer<typeof restoreReportSchema>;
