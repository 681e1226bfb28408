import { z } from 'zod';

/**
 * The variables of one deployment, frozen: what the build saw, what its functions see, and the values no log may show.
 */
export const snapshotSchema = z.object({
  build: z.record(z.string(), z.string()),
  run: z.record(z.string(), z.string()),
  secrets: z.array(z.string()),
});
export type Snapshot = z.infer<typeof snapshotSchema>;
