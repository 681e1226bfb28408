import { z } from 'zod';

export const responseHeadersSchema = z.record(
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/),
);

export const routeHasSchema = z.union([
  z.object({ type: z.enum(['header', 'cookie', 'query']), key: z.string(), value: z.string().optional() }),
  z.object({ type: z.literal('host'), key: z.undefined().optional(), value: z.string() }),
]);

/**
 * A rule of Next's routing phases, as `onBuildComplete` reports it. Regular expressions are matched against the path.
 */
export const routeSchema = z.object({
  source: z.string().optional(),
  sourceRegex: z.string(),
  destination: z.string().optional(),
  headers: responseHeadersSchema.optional(),
  has: z.array(routeHasSchema).optional(),
  missing: z.array(routeHasSchema).optional(),
  status: z.int().optional(),
  priority: z.boolean().optional(),
});

/**
 * The routing phases that the edge must know to respond without a function. Everything else is decided by the function.
 */
export const edgeRoutingSchema = z.object({
  beforeMiddleware: z.array(routeSchema),
  middlewareMatchers: z.array(routeSchema),
  beforeFiles: z.array(routeSchema),
  /** These come before pages of dynamic routes: a path that one of them matches is the function's to decide. */
  afterFiles: z.array(routeSchema).optional(),
  onMatch: z.array(routeSchema),
  /** Of sites without a function: rewrites to a file of the site, tried in order where the path has none. */
  withoutFile: z.array(routeSchema).optional(),
});

export type Route = z.infer<typeof routeSchema>;
export type RouteHas = z.infer<typeof routeHasSchema>;
