import { blobSchema, sizeSchema } from '@anchor/protocol/artifact/body.ts';
import { z } from 'zod';

/** Maximum depth of a function's files. Code that walks up from each file pays this for every file. */
export const MAX_TREE_DEPTH = 128;
export const isTooDeep = (path: string): boolean => path.split('/').length - 1 > MAX_TREE_DEPTH;

/** The files of a function: paths relative, "/" separated, never outside; links stay inside the tree. */
export const treeSchema = z.object({
  version: z.literal(1),
  entries: z.array(
    z.union([
      z.object({ path: z.string(), blob: blobSchema, size: sizeSchema, executable: z.boolean().optional() }),
      z.object({ path: z.string(), link: z.string() }),
    ]),
  ),
});

export type Tree = z.infer<typeof treeSchema>;
