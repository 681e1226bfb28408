import { z } from 'zod';
import { blobsOfBody } from '../body.ts';
import { checkSchema, MAX_CHECKS } from './checks.ts';
import { prerenderSchema, staticFileSchema, urlPath, type Prerender, type StaticFile } from './files.ts';
import { FRAMEWORKS } from './framework.ts';
import { functionSchema } from './function.ts';
import { edgeRoutingSchema } from './rules.ts';

/** A web component's entry in the manifest: what the edge serves, and the function behind it. */
export const webSchema = z.object({
  kind: z.literal('web'),
  framework: z.object({
    name: z.enum(FRAMEWORKS),
    version: z.string().optional(),
    buildId: z.string().optional(),
    /** The id that the app chose for itself in place of the platform's: what the tabs of this deployment name it by. */
    deploymentId: z.string().optional(),
  }),
  basePath: z.string(),
  trailingSlash: z.boolean(),
  /** False: responses of its function are sent uncompressed, as with `compress: false` of next.config. */
  compress: z.boolean().optional(),
  files: z.record(urlPath, staticFileSchema),
  prerenders: z.record(urlPath, prerenderSchema),
  /** A path before `/_next/static/` under which pages request those files, which are found without it too. */
  assetPrefix: urlPath.optional(),
  /** Where the function optimizes images: cached ones are keyed by query and accepted types. */
  imagePath: urlPath.optional(),
  /** When the prerenders were made, in milliseconds since the epoch. Without it only the function knows their age. */
  builtAt: z.number().positive().optional(),
  /** Response for paths that nothing matches, when there is no function: a path in `files`, with status 404. */
  notFound: urlPath.optional(),
  /**
   * Single-page application: this file, with status 200, for every path without a file extension that nothing matches.
   */
  fallback: urlPath.optional(),
  routing: edgeRoutingSchema.optional(),
  /** One path for each kind of static route, and one for each dynamic route that has a known one. */
  checks: z.array(checkSchema).max(MAX_CHECKS).optional(),
  function: functionSchema.optional(),
});

/** Records that are taken as they are. */
const record = <T>() =>
  z.custom<Record<string, T>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

/** The schema of a stored manifest, whose files and pages were checked when it was written. */
export const storedWebSchema = webSchema.extend({
  files: record<StaticFile>(),
  prerenders: record<Prerender>(),
});

export type WebComponent = z.infer<typeof webSchema>;

/** Returns every blob that it names for the edge; the tree of its function names more. */
export function* blobsOfWeb({ files, prerenders }: WebComponent): Iterable<string> {
  for (const file of [...Object.values(files), ...Object.values(prerenders)]) yield* blobsOfBody(file);
  for (const { postponed } of Object.values(prerenders)) if (postponed !== undefined) yield postponed.blob;
}

/** Returns the path of its home page: its basePath, if it has one. */
export const homePathOf = ({ basePath, trailingSlash }: WebComponent): string =>
  `${basePath}${basePath === '' || trailingSlash ? '/' : ''}`;
