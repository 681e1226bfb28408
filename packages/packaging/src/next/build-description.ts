import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { z } from 'zod';
import { routeSchema } from '@anchor/protocol/artifact/web/rules.ts';
import { describeIssue } from '@anchor/core/result/issue.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { resolveInTree, readInTree } from '../checkout/checkout-fs.ts';

/**
 * Validates a path inside the repository, "/" separated, as a hostile build may have written it: nothing that climbs,
 * nothing absolute.
 */
const path = z
  .string()
  .max(4096)
  .refine(
    (text) => !text.startsWith('/') && !text.includes('\0') && !text.split('/').includes('..'),
    'a path that leaves the repository',
  );
const named = z.object({ name: z.string(), filePath: path });
const anyRoute = z.looseObject({ sourceRegex: z.string() });

const entrySchema = z.object({
  id: z.string(),
  type: z.string(),
  pathname: z.string(),
  filePath: path,
  sourcePage: z.string().optional(),
  runtime: z.enum(['nodejs', 'edge']),
  dynamic: z.boolean().optional(),
  edge: z
    .object({
      modulePath: path,
      entryKey: z.string(),
      handlerExport: z.string(),
      paths: z.array(path),
      assets: z.array(named),
      wasm: z.array(named),
      env: z.record(z.string(), z.string()),
    })
    .optional(),
});

const prerenderOutput = z.object({
  pathname: z.string().startsWith('/'),
  parentOutputId: z.string().optional(),
  groupId: z.int(),
  /** Of a dynamic route itself and not of one of its paths. */
  template: z.boolean().optional(),
  fallback: z
    .object({
      filePath: path.optional(),
      initialStatus: z.int().optional(),
      initialHeaders: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
      initialRevalidate: z.union([z.literal(false), z.number()]).optional(),
      initialExpiration: z.number().optional(),
      postponedState: z.string().nullish(),
    })
    .optional(),
  config: z.object({ bypassFor: z.array(z.unknown()).optional(), bypassToken: z.string().optional() }),
});

/** The build description of our adapter: packages/runtime/src/build/build-description.ts writes it. */
export const buildDescriptionSchema = z.object({
  version: z.literal(1),
  nextVersion: z.string(),
  buildId: z.string(),
  builtAt: z.number(),
  projectDir: path,
  distDir: path,
  exported: z.boolean(),
  config: z.object({
    basePath: z.string(),
    trailingSlash: z.boolean(),
    compress: z.boolean().optional(),
    skipProxyUrlNormalize: z.boolean().optional(),
    i18n: z.unknown().optional(),
    images: z.record(z.string(), z.unknown()).optional(),
    deploymentId: z.string().optional(),
    serverSourceMaps: z.boolean().optional(),
  }),
  routing: z.looseObject({
    beforeMiddleware: z.array(routeSchema),
    middlewareMatchers: z.array(routeSchema),
    beforeFiles: z.array(routeSchema),
    onMatch: z.array(routeSchema),
    afterFiles: z.array(routeSchema),
    dynamicRoutes: z.array(anyRoute),
    fallback: z.array(anyRoute),
  }),
  entries: z.array(entrySchema),
  middleware: entrySchema.optional(),
  prerenders: z.array(prerenderOutput),
  /** Paths of dynamic routes that have no others. */
  staticPaths: z.array(z.string()),
  staticFiles: z.array(
    z.object({ pathname: z.string().startsWith('/'), filePath: path, immutableHash: z.string().optional() }),
  ),
  /** Path in the function's tree → path on disk. */
  files: z.record(path, path),
});
export type BuildDescription = z.infer<typeof buildDescriptionSchema>;

const LARGEST = 64 << 20;
const FIX =
  'Run `anchor redeploy`. If it fails again, this version of Next.js is not supported yet: set framework "node" for the project.';

/**
 * Reads it; `distDir` (relative to the project) is searched when it is not the usual one. `prefix`: the folder of the
 * checkout that its paths start from, '' or ending in "/".
 */
export async function readBuildDescription(
  root: string,
  project: string,
  distDir = '.next',
): Promise<Result<Readonly<{ build: BuildDescription; prefix: string }>>> {
  const folder = await findDistDir(root, project, distDir);
  const text = folder === undefined ? undefined : await readInTree(root, `${folder}/anchor/build.json`, LARGEST);
  if (text === undefined)
    return fail(
      'output_missing',
      'The Next.js build produced nothing to deploy',
      'Let the build command run "next build".',
      `There is no anchor/build.json in "${distDir}".`,
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('output_refused', "The Next.js build's description cannot be read", FIX);
  }
  const parsed = buildDescriptionSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail('output_refused', "The Next.js build's description is not valid", FIX, describeIssue(issue));
  }
  // Next's idea of the repository's root may be below ours: where it found a lock file.
  const own = parsed.data.projectDir;
  // A build command at the root may build an app below it, as in an integrated Nx repository.
  if (project === '' && folder !== undefined && folder.endsWith(parsed.data.distDir))
    return ok({ build: parsed.data, prefix: folder.slice(0, folder.length - parsed.data.distDir.length) });
  if (project !== own && !(own === '' ? true : project.endsWith(`/${own}`)))
    return fail(
      'output_refused',
      'The Next.js build ran in another folder than expected',
      'Set the root directory of the project to the folder of the Next.js app.',
      `It ran in "${own}".`,
    );
  const prefix = own === '' ? project : project.slice(0, project.length - own.length).replace(/\/$/, '');
  return ok({ build: parsed.data, prefix: prefix === '' ? '' : `${prefix}/` });
}

async function findDistDir(root: string, project: string, distDir: string): Promise<string | undefined> {
  const inProject = (name: string): string => posix.join(project, name);
  const has = async (name: string): Promise<boolean> =>
    (await resolveInTree(root, `${inProject(name)}/anchor/build.json`))?.kind === 'file';
  if (await has(distDir)) return inProject(distDir);
  const queue: { name: string; depth: number }[] = [{ name: '', depth: 0 }];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const here = await resolveInTree(root, inProject(at.name).replace(/\/$/, ''));
    if (here?.kind !== 'directory') continue;
    for (const entry of await readdir(here.absolute, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === 'node_modules' || entry.name === '.git') continue;
      const name = at.name === '' ? entry.name : `${at.name}/${entry.name}`;
      if (await has(name)) return inProject(name);
      if (at.depth < 2) queue.push({ name, depth: at.depth + 1 });
    }
  }
  return undefined;
}
