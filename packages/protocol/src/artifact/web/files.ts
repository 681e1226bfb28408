import { z } from 'zod';
import { blobSchema, bodySchema, sizeSchema } from '../body.ts';
import { responseHeadersSchema, routeHasSchema } from './rules.ts';

/** A URL path as requested, percent-decoded form, starting with "/". */
export const urlPath = z.string().startsWith('/').max(4096);

export const staticFileSchema = bodySchema.extend({
  type: z.string(),
  /** The file's name holds its content hash: cached for a year, and kept reachable after the deployment is replaced. */
  immutable: z.boolean().optional(),
  headers: responseHeadersSchema.optional(),
});

export const prerenderSchema = bodySchema.extend({
  status: z.int().min(100).max(599),
  headers: responseHeadersSchema,
  /** Seconds until stale, or false when only an on-demand revalidation makes it stale. */
  revalidate: z.union([z.literal(false), z.int().positive()]),
  /** Seconds after which it may not be used any more, not even while it is revalidated. */
  expire: z.int().positive().optional(),
  tags: z.array(z.string()),
  /** HTML, RSC and segments of one page share a group and are replaced together. */
  group: z.int(),
  /** Conditions under which the cached response must not be used (draft mode, action headers). */
  bypass: z.array(z.array(routeHasSchema)),
  /** A `__prerender_bypass` cookie with this value goes to the function. */
  bypassToken: z.string().optional(),
  /**
   * The shell of a partially prerendered page is not a response by itself: the function renders the rest, from
   * `postponed`.
   */
  partial: z.boolean().optional(),
  /** The state from which the render of a shell resumes: bytes that only Next understands. */
  postponed: z.object({ blob: blobSchema, size: sizeSchema }).optional(),
});

export type StaticFile = z.infer<typeof staticFileSchema>;
export type Prerender = z.infer<typeof prerenderSchema>;
