import { z } from 'zod';
import { deploymentId, jobId, timestamp } from './primitive.ts';

export const healthSchema = z.object({ status: z.literal('ok'), version: z.string() }).meta({ id: 'Health' });
export type Health = z.infer<typeof healthSchema>;

/** One check of `anchor doctor`. A failed one has a fix. */
export const checkSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  message: z.string(),
  fix: z.string().optional(),
});
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
  .object({
    id: jobId,
    kind: z.string(),
    lane: z.string(),
    group: z.string(),
    payload: z.record(z.string(), z.string()),
    attempts: z.int(),
    reason: z.string(),
    createdAt: timestamp,
    diedAt: timestamp,
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.infer<typeof deadLetterSchema>;

/** One kind of caches. Deleting one costs the time to make it again, nothing else. */
export const cacheKindSchema = z.object({
  kind: z.string(),
  bytes: z.int().meta({ description: 'Bytes that the kind took before.' }),
  limitBytes: z.int().optional(),
  freedBytes: z.int(),
  projects: z
    .array(z.object({ project: z.string(), bytes: z.int(), usedAt: timestamp, inUse: z.boolean(), freed: z.boolean() }))
    .optional(),
});

/** A stored record that could not be processed. After three tries it is set aside until it is retried or dropped. */
export const failedRecordSchema = z
  .object({
    kind: z.string().meta({ description: 'delivery, deployment, push, row, blob, …' }),
    id: z.string(),
    project: z.string().optional(),
    tries: z.int(),
    why: z.string(),
    since: timestamp,
  })
  .meta({ id: 'FailedRecord' });
export type FailedRecord = z.infer<typeof failedRecordSchema>;

export const gcReportSchema = z
  .object({
    dryRun: z.boolean(),
    deployments: z.array(deploymentId).meta({ description: 'Deployments whose artifacts go.' }),
    records: z.int().meta({ description: 'Deployment records that go.' }),
    deliveries: z.int().meta({ description: 'Delivery records that go.' }),
    blobs: z.int(),
    bytes: z.int().meta({ description: 'Bytes of blobs that become free.' }),
    held: z
      .object({ reason: z.string(), fix: z.string() })
      .optional()
      .meta({ description: 'Why less was removed than is unused.' }),
    caches: z.array(cacheKindSchema),
  })
  .meta({ id: 'GcReport' });
export type GcReport = z.infer<typeof gcReportSchema>;

/** The contents of a backup, as verified before it was restored. From then on the backup's tokens are valid. */
export const restoreReportSchema = z
  .object({ projects: z.int(), deployments: z.int(), blobs: z.int(), bytes: z.int() })
  .meta({ id: 'RestoreReport' });
export type RestoreReport = z.infer<typeof restoreReportSchema>;
