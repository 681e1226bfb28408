import { z } from 'zod';

/** SHA-256 hex of a blob's bytes: its name in the blob store. */
export const blobSchema = z.string().regex(/^[0-9a-f]{64}$/);
export const sizeSchema = z.int().nonnegative();

/** Bytes in the blob store, with the precompressed variants that were worth storing. */
export const bodySchema = z.object({
  blob: blobSchema,
  size: sizeSchema,
  br: z.object({ blob: blobSchema, size: sizeSchema }).optional(),
  gzip: z.object({ blob: blobSchema, size: sizeSchema }).optional(),
});

export type Body = z.infer<typeof bodySchema>;

/** Returns every blob that a body names. */
export const blobsOfBody = ({ blob, br, gzip }: Body): readonly string[] => [
  blob,
  ...(br === undefined ? [] : [br.blob]),
  ...(gzip === undefined ? [] : [gzip.blob]),
];
