import { z } from 'zod';
import { blobSchema } from '../body.ts';
import { volumesSchema } from '../volumes.ts';

/** A piece of the artifact that runs on request, in a sandboxed Node process. */
export const functionSchema = z.object({
  /**
   * `next`: the runtime calls the built entry points. `server`: a Node server that listens on $PORT, started as it is.
   */
  kind: z.enum(['next', 'server']),
  /** Blob of a Tree: the files it may read, materialized read-only. */
  tree: blobSchema,
  /** Working directory inside the tree, relative. */
  cwd: z.string(),
  /**
   * `next`: path of the function's description (see runtime), relative to the tree. `server`: the argument vector,
   * argv[0] is `node` or a path in the tree.
   */
  entry: z.string().optional(),
  argv: z.array(z.string()).optional(),
  /** `server`: variables that it needs, below those of the project. */
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).optional(),
  /** Exact Node version, such as 24.12.0. */
  node: z.string(),
  /** Disks that outlive the deployment. Refused when it is deployed: they are not supported yet. */
  volumes: volumesSchema.optional(),
});

export type FunctionEntry = z.infer<typeof functionSchema>;
