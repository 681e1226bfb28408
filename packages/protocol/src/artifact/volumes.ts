import { z } from 'zod';

const mount = z.object({
  /** Names the volume within the project: every deployment that names it gets the same files. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  /** Absolute path inside the sandbox. */
  path: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9_.-]+)+$/)
    .max(256)
    .refine((path) => !/\/\.{1,2}(?:\/|$)/.test(path)),
  sizeMb: z.int().positive().optional(),
});

/**
 * Disks that outlive a deployment. The shape of version 1 is fixed so that artifacts can be made for it. No deployment
 * target mounts volumes yet, so a deployment that names one is refused. Later versions are parsed only to be refused.
 */
export const volumesSchema = z.union([
  z.object({ version: z.literal(1), mounts: z.array(mount).max(16) }),
  z.looseObject({ version: z.int().min(2) }),
]);

export type Volumes = z.infer<typeof volumesSchema>;
