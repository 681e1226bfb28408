import { z } from 'zod';

/** Creates the schema of a listing's page, newest first. `cursor` is opaque and absent on the last page. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), cursor: z.string().optional() });
export type Page<T> = { items: T[]; cursor?: string | undefined };

export const pageQuery = {
  limit: z.int().min(1).max(100).optional().meta({ description: '1 to 100; 30 when absent.' }),
  cursor: z.string().min(1).max(1024).optional().meta({ description: 'The `cursor` of the page before.' }),
};
