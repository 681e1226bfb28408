import { z } from 'zod';

/** Paths that are requested of one deployment before it goes live, at most. */
export const MAX_CHECKS = 64;

/** A path that represents a route of the app: requested before the deployment goes live. */
export const checkSchema = z.object({
  /** As sent: percent-encoded. */
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/)
    .max(2048),
  /** The build rendered it: it exists for every client. */
  prerendered: z.boolean().optional(),
});

export type Check = z.infer<typeof checkSchema>;
