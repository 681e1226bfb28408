import { z } from 'zod';

/** SHA-256 hex of a blob's bytes: its name in the blob store. */
const blob = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().nonnegative();
/** A URL path as requested, percent-decoded form, starting with "/". */
const urlPath = z.string().startsWith('/').max(4096);
const headers = z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/));

/** Bytes in the blob store, with the precompressed variants that were worth storing. */
const body = z.object({ blob, size, br: z.object({ blob, size }).optional(), gzip: z.object({ blob, size }).optional() });

export const staticFileSchema = body.extend({
  type: z.string(),
  /** The file's name holds its content hash: cached for a year, and kept reachable after the deployment is replaced. */
  immutable: z.boolean().optional(),
  headers: headers.optional(),
});

const routeHas = z.union([
  z.object({ type: z.enum(['header', 'cookie', 'query']), key: z.string(), value: z.string().optional() }),
  z.object({ type: z.literal('host'), key: z.undefined().optional(), value: z.string() }),
]);

export const prerenderSchema = body.extend({
  status: z.int().min(100).max(599),
  headers,
  /** Seconds until stale, or false when only an on-demand revalidation makes it stale. */
  revalidate: z.union([z.literal(false), z.int().positive()]),
  /** Seconds from which it may not be used any more, also not while it is made anew. */
  expire: z.int().positive().optional(),
  tags: z.array(z.string()),
  /** HTML, RSC and segments of one page share a group and are replaced together. */
  group: z.int(),
  /** Conditions under which the stored answer must not be used (draft mode, action headers). */
  bypass: z.array(z.array(routeHas)),
  /** A `__prerender_bypass` cookie with this value goes to the function. */
  bypassToken: z.string().optional(),
  /** The shell of a partially prerendered page is not an answer by itself: the function gives the rest, from `postponed`. */
  partial: z.boolean().optional(),
  /** Where the render of a shell goes on from: bytes that only Next understands. */
  postponed: z.object({ blob, size }).optional(),
});

/** A rule of Next's routing phases, as `onBuildComplete` reports it. Regular expressions are matched against the path. */
export const routeSchema = z.object({
  source: z.string().optional(),
  sourceRegex: z.string(),
  destination: z.string().optional(),
  headers: headers.optional(),
  has: z.array(routeHas).optional(),
  missing: z.array(routeHas).optional(),
  status: z.int().optional(),
  priority: z.boolean().optional(),
});

/** The routing phases that the edge must know to answer without a function. Everything else is decided by the function. */
const edgeRoutingSchema = z.object({
  beforeMiddleware: z.array(routeSchema),
  middlewareMatchers: z.array(routeSchema),
  beforeFiles: z.array(routeSchema),
  /** These come before pages of dynamic routes: a path that one of them matches is the function's to decide. */
  afterFiles: z.array(routeSchema).optional(),
  onMatch: z.array(routeSchema),
});

/** A piece of the artifact that runs on request, in a sandboxed Node process. */
export const functionSchema = z.object({
  /** `next`: the runtime calls the built entry points. `server`: a Node server that listens on $PORT, started as it is. */
  kind: z.enum(['next', 'server']),
  /** Blob of a Tree: the files it may read, materialised read-only. */
  tree: blob,
  /** Working directory inside the tree, relative. */
  cwd: z.string(),
  /** `next`: path of the function's description (see runtime), relative to the tree. `server`: the argument vector, argv[0] is `node` or a path in the tree. */
  entry: z.string().optional(),
  argv: z.array(z.string()).optional(),
  /** Exact Node version, such as 24.12.0. */
  node: z.string(),
});

export const webSchema = z.object({
  kind: z.literal('web'),
  framework: z.object({ name: z.enum(['nextjs', 'static', 'spa', 'node']), version: z.string().optional(), buildId: z.string().optional(),
    /** The id that the app chose for itself in place of the platform's: what the tabs of this deployment name it by. */
    deploymentId: z.string().optional() }),
  basePath: z.string(),
  trailingSlash: z.boolean(),
  files: z.record(urlPath, staticFileSchema),
  prerenders: z.record(urlPath, prerenderSchema),
  /** A path before `/_next/static/` under which the pages ask for those files, which are found without it too. */
  assetPrefix: urlPath.optional(),
  /** Where the function optimizes images: what it says may be kept is told apart by query and accepted types. */
  imagePath: urlPath.optional(),
  /** When the prerenders were made, in milliseconds since the epoch. Without it only the function knows their age. */
  builtAt: z.number().positive().optional(),
  /** Answer for paths that nothing matches, when there is no function: a path in `files`, with status 404. */
  notFound: urlPath.optional(),
  /** Single-page application: this file, with status 200, for every path without a file extension that nothing matches. */
  fallback: urlPath.optional(),
  routing: edgeRoutingSchema.optional(),
  function: functionSchema.optional(),
});

/** What a build leaves: an entry a component over content-addressed blobs. Its own bytes are a blob; that blob's hash is `Deployment.artifact`. */
export const manifestSchema = z.object({
  version: z.literal(1),
  components: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/), webSchema),
});

/** Folders within folders that a function's files may lie in. Whoever looks at what is above each file does so for every one of them. */
export const MAX_TREE_DEPTH = 128;
export const isTooDeep = (path: string): boolean => path.split('/').length - 1 > MAX_TREE_DEPTH;

/** The files of a function: paths relative, "/" separated, never outside; links stay inside the tree. */
export const treeSchema = z.object({
  version: z.literal(1),
  entries: z.array(z.union([
    z.object({ path: z.string(), blob, size, executable: z.boolean().optional() }),
    z.object({ path: z.string(), link: z.string() }),
  ])),
});

export type StaticFile = z.infer<typeof staticFileSchema>;
export type Prerender = z.infer<typeof prerenderSchema>;
export type Route = z.infer<typeof routeSchema>;
export type RouteHas = z.infer<typeof routeHas>;
export type FunctionEntry = z.infer<typeof functionSchema>;
export type WebComponent = z.infer<typeof webSchema>;
export type Manifest = z.infer<typeof manifestSchema>;
export type Tree = z.infer<typeof treeSchema>;
export type Body = z.infer<typeof body>;
