import { posix } from 'node:path';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';
import { resolveInTree, readInTree, readJsonInTree } from '../checkout/checkout-fs.ts';
import { catchArtifactError, type ArtifactStore } from './artifact-store.ts';
import { SKIPPED } from './package-server.ts';
import { addDataCache } from './data-cache.ts';
import { standaloneChecks } from './standalone-checks.ts';
import { standalonePages } from './standalone-pages.ts';
import { middlewareSchema, nodeMiddlewareSchema, routesSchema, standaloneRouting } from './standalone-routing.ts';
import { TreeBuilder } from './tree-builder.ts';
import { walkOutput } from './walk.ts';

export type StandaloneOutput = Readonly<{
  root: string;
  /** The app's folder in the checkout, '' for its root; `distDir` relative to it. */
  project: string;
  distDir: string;
  node: string;
  /** Of Next. */
  version: string;
}>;

/**
 * Packages a Next app older than its adapter interface (13.5 to 16.1): the traced server that Next itself writes. The
 * edge serves what needs no server: hashed files, `public/`, and pages that stay as they were prerendered until they
 * are invalidated.
 */
export async function packageStandalone(output: StandaloneOutput, store: ArtifactStore): Promise<Result<WebComponent>> {
  const { root, project, distDir } = output;
  const dist = posix.join(project, distDir);
  const standalone = `${dist}/standalone`;
  const folder = await serverFolder(root, standalone, project);
  if (folder === undefined)
    return fail(
      'output_missing',
      'The Next.js build produced no server',
      'Next.js 13.5 or newer is needed; set framework "node" and a start command for anything else.',
      `There is no server.js in ${standalone}.`,
    );
  const { basePath, trailingSlash, deploymentId, localized, routing } = await describe(root, dist);
  const buildId = (await readInTree(root, `${dist}/BUILD_ID`, 1024))?.trim();
  return catchArtifactError(async () => {
    const inner = await resolveInTree(root, standalone);
    const tree = new TreeBuilder(inner?.absolute ?? '');
    await tree.addFolder('', (path) => SKIPPED.test(path));
    const files = await addFiles(tree, output, { folder, basePath, routed: routing !== undefined }, store);
    await addEnvFiles(tree, output, folder);
    await addCodecs(tree, root, standalone, folder, project);
    await addDataCache(tree, { root, from: dist, to: posix.join(folder, distDir) }, store);
    await addBuildTime(tree, root, dist, folder, store);
    const entry: FunctionEntry = {
      kind: 'server',
      tree: await tree.store(store),
      cwd: folder,
      argv: ['node', 'server.js'],
      node: output.node,
    };
    return {
      kind: 'web',
      framework: {
        name: 'nextjs',
        version: output.version,
        ...(buildId === undefined ? {} : { buildId }),
        ...(deploymentId === undefined ? {} : { deploymentId }),
      },
      basePath,
      trailingSlash,
      files,
      prerenders:
        routing === undefined || buildId === undefined
          ? {}
          : await standalonePages({ root, dist, basePath, buildId }, store),
      checks: [...(await standaloneChecks(root, dist, basePath, localized))],
      ...(routing === undefined ? {} : { routing }),
      function: entry,
    } satisfies WebComponent;
  });
}

/** `routed`: the edge can decide what precedes a file, so it may serve those of `public/`. */
type Site = Readonly<{ folder: string; basePath: string; routed: boolean }>;

/** Adds `static` and `public`, which a standalone build leaves out, and returns those that the edge serves. */
async function addFiles(
  tree: TreeBuilder,
  { root, project, distDir }: StandaloneOutput,
  { folder, basePath, routed }: Site,
  store: ArtifactStore,
): Promise<Record<string, StaticFile>> {
  const files: Record<string, StaticFile> = {};
  for (const { relative, found } of await walkOutput(root, posix.join(project, distDir, 'static'))) {
    tree.addFound(posix.join(folder, distDir, 'static', relative), found);
    const url = `${basePath}/_next/static/${relative}`;
    files[url] = await store.staticFile(found, url, { immutable: true });
  }
  for (const { relative, found } of await walkOutput(root, inside(project, 'public'))) {
    tree.addFound(inside(folder, 'public', relative), found); // rewrites and the image optimizer read it
    const url = `${basePath}/${relative}`;
    if (url.length <= 4096 && routed) files[url] = await store.staticFile(found, url);
  }
  return files;
}

/** Adds the env files that `next start` reads and a standalone build leaves out: it has `.env` and `.env.production`. */
async function addEnvFiles(tree: TreeBuilder, { root, project }: StandaloneOutput, folder: string): Promise<void> {
  for (const name of ['.env.local', '.env.production.local']) {
    const found = await resolveInTree(root, inside(project, name));
    if (found?.kind === 'file') tree.addFound(inside(folder, name), found);
  }
}

/** Adds the time of the build, from which the runtime computes the age of prerendered pages. */
async function addBuildTime(
  tree: TreeBuilder,
  root: string,
  dist: string,
  folder: string,
  store: ArtifactStore,
): Promise<void> {
  const built = await resolveInTree(root, `${dist}/BUILD_ID`);
  const text = JSON.stringify({ builtAt: built?.mtimeMs });
  await tree.addBytes(inside(folder, '.anchor/next.json'), new TextEncoder().encode(text), store);
}

/**
 * Returns the server's folder: in a monorepo it is as deep below `standalone` as the project below the tracing root.
 */
async function serverFolder(root: string, standalone: string, project: string): Promise<string | undefined> {
  const parts = project.split('/').filter((part) => part !== '');
  for (let i = 0; i <= parts.length; i++) {
    const candidate = parts.slice(i).join('/');
    if ((await resolveInTree(root, inside(standalone, candidate, 'server.js')))?.kind === 'file') return candidate;
  }
  return undefined;
}

/** `deploymentId`: one that the app chose itself. */
type Described = Readonly<{
  basePath: string;
  trailingSlash: boolean;
  deploymentId: string | undefined;
  localized: boolean;
  routing: WebComponent['routing'] | undefined;
}>;

/**
 * Describes the build. `routing` is undefined when the edge cannot decide what precedes a file or a page: it then
 * serves hashed files only.
 */
async function describe(root: string, dist: string): Promise<Described> {
  const routes = routesSchema.safeParse(await readJsonInTree(root, `${dist}/routes-manifest.json`));
  const config = record((await readJsonInTree(root, `${dist}/required-server-files.json`))?.['config']);
  const basePath =
    routes.success && /^(?:\/[^?#\0]+)?$/.test(routes.data.basePath ?? '') ? (routes.data.basePath ?? '') : '';
  const id = config['deploymentId'] ?? record(config['experimental'])['deploymentId'];
  const localized = routes.success && routes.data.i18n !== undefined && routes.data.i18n !== null;
  const common = {
    localized,
    basePath,
    trailingSlash: config['trailingSlash'] === true,
    deploymentId: typeof id === 'string' && id !== '' && !id.startsWith('dpl_') ? id : undefined,
  };
  const middleware = middlewareSchema.safeParse(await readJsonInTree(root, `${dist}/server/middleware-manifest.json`));
  const onNode = nodeMiddlewareSchema.safeParse(
    (await readJsonInTree(root, `${dist}/server/functions-config-manifest.json`)) ?? { functions: {} },
  );
  if (!routes.success || !middleware.success || !onNode.success || localized) return { ...common, routing: undefined };
  const nodeMatchers = onNode.data.functions['/_middleware'];
  const matchers = [
    ...Object.values(middleware.data.middleware).flatMap(({ matchers }) => matchers),
    ...(nodeMatchers === undefined ? [] : (nodeMatchers.matchers ?? [{ regexp: '^/.*$' }])),
  ];
  return {
    ...common,
    routing: standaloneRouting(
      routes.data,
      matchers.map(({ regexp }) => regexp),
    ),
  };
}

const CODECS = 'dist/server/lib/squoosh';

/**
 * Adds the image codecs, which a standalone build before Next 15 leaves out: without sharp no image could be optimized.
 */
async function addCodecs(
  tree: TreeBuilder,
  root: string,
  standalone: string,
  serverPath: string,
  project: string,
): Promise<void> {
  const traced = await nextFolder(root, (folder) => inside(standalone, folder), serverPath);
  const installed = await nextFolder(root, (folder) => folder, project);
  if (traced === undefined || installed === undefined) return;
  for (const { relative, found } of await walkOutput(root, `${installed}/${CODECS}`)) {
    if (/\.(?:js|wasm)$/.test(relative))
      tree.addFound(posix.relative(standalone, `${traced}/${CODECS}/${relative}`), found);
  }
}

/** Returns the folder of the `next` package for a folder, with all links resolved. */
async function nextFolder(root: string, at: (folder: string) => string, from: string): Promise<string | undefined> {
  const parts = from.split('/').filter((part) => part !== '');
  for (let i = parts.length; i >= 0; i--) {
    const found = await resolveInTree(root, at(inside(...parts.slice(0, i), 'node_modules/next')));
    if (found?.kind === 'directory') return found.path;
  }
  return undefined;
}

const inside = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');
const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
