import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import { resolveInTree, readJsonInTree, type ResolvedEntry } from '../checkout/checkout-fs.ts';
import type { ArtifactStore } from '../output/artifact-store.ts';
import { addDataCache } from '../output/data-cache.ts';
import { TreeBuilder } from '../output/tree-builder.ts';
import type { BuildDescription } from './build-description.ts';

export const ENTRY = '.anchor/function.json';
/** Read with the first request that an application makes for one of its files: the list of a large site is long. */
const OWN_FILES = '.anchor/own-files.json';

/** Formats that Next's optimizer can read. */
const IMAGE = /\.(?:png|jpe?g|webp|avif|gif|svg|tiff?|bmp|ico|jxl|heic)$/i;

type FunctionParts = Readonly<{
  root: string;
  prefix: string;
  project: string;
  build: BuildDescription;
  node: string;
  sources: ReadonlyMap<string, ResolvedEntry>;
  files: Readonly<Record<string, StaticFile>>;
  assetPrefix: string | undefined;
}>;

/**
 * Packages the tree of the function: what Next traced for all entry points together, what was prerendered (the first
 * state of the render cache), the images it may have to optimize, the files that the application may request of itself,
 * and the description that packages/runtime/src/routing/description.ts reads.
 */
export async function packageFunction(parts: FunctionParts, store: ArtifactStore): Promise<FunctionEntry> {
  const { root, prefix, build, sources } = parts;
  const tree = new TreeBuilder(root);
  await addTraced(tree, parts);
  await addDataCache(tree, { root, from: prefix + build.distDir, to: prefix + build.distDir }, store);
  await addPrerendered(tree, parts);
  const errorFiles = await addErrorFiles(tree, root, prefix, build);
  const ownFiles = addOwnFiles(tree, parts);
  const imageFiles = optimizesImages(build) ? imagesOf(ownFiles, parts) : {};
  const served = [...sources.keys()].filter((url) => !url.startsWith(`${build.config.basePath}/_next/static/`));
  const actions = await readJsonInTree(root, `${prefix}${build.distDir}/server/server-reference-manifest.json`);
  const description = {
    version: 1,
    nextVersion: build.nextVersion,
    buildId: build.buildId,
    builtAt: build.builtAt,
    projectDir: prefix + build.projectDir,
    distDir: prefix + build.distDir,
    config: build.config,
    routing: build.routing,
    ...describeEntries(build, prefix),
    // Hashed files are always found by the edge first; rewrites never lead to them.
    served,
    staticPaths: build.staticPaths,
    imageFiles,
    ...errorFiles,
    hasActions: hasKeys(actions?.['node']) || hasKeys(actions?.['edge']),
  };
  await tree.addBytes(ENTRY, json(description), store);
  await tree.addBytes(OWN_FILES, json(ownFiles), store);
  await tree.addBytes('.anchor/package.json', json({ type: 'commonjs' }), store);
  return {
    kind: 'next',
    tree: await tree.store(store),
    cwd: (prefix + build.projectDir).replace(/\/$/, ''),
    entry: ENTRY,
    node: parts.node,
  };
}

async function addTraced(tree: TreeBuilder, { root, prefix, build }: FunctionParts): Promise<void> {
  for (const [target, source] of Object.entries(build.files)) {
    if (target === source) await tree.addPath(prefix + target);
    else {
      const found = await resolveInTree(root, prefix + source);
      if (found?.kind === 'file') tree.addFound(prefix + target, found);
    }
  }
  await tree.addFolder(`${prefix}${build.distDir}/server/route-cache`);
}

async function addPrerendered(tree: TreeBuilder, { prefix, build }: FunctionParts): Promise<void> {
  for (const { fallback } of build.prerenders) {
    if (fallback?.filePath === undefined) continue;
    const stem = (prefix + fallback.filePath).replace(/\.(?:html|rsc|body|json)$/, '');
    for (const path of [prefix + fallback.filePath, `${stem}.meta`]) await tree.addPath(path);
  }
}

/** The entry points with paths in the tree, and whether each is a page that the build prerendered. */
function describeEntries(build: BuildDescription, prefix: string): object {
  type Entry = BuildDescription['entries'][number];
  const parents = new Set(build.prerenders.map(({ parentOutputId }) => parentOutputId));
  // By file: a page of several locales has an entry for each, and one of them is named as the origin of what was made.
  const staticPages = new Set(
    build.entries.filter(({ id, type }) => type === 'PAGES' && parents.has(id)).map(({ filePath }) => filePath),
  );
  const paths = new Set(build.prerenders.map(({ pathname }) => pathname));
  // A page with `getStaticProps` is static whatever its path; one of the App Router only where the build made it.
  const isPrerendered = (entry: Omit<Entry, 'edge'>): boolean =>
    entry.type === 'PAGES' ? staticPages.has(entry.filePath) : paths.has(entry.pathname) && entry.dynamic !== true;
  const inTree = <T extends { filePath: string }>(value: T): T => ({ ...value, filePath: prefix + value.filePath });
  const inEdge = (edge: NonNullable<Entry['edge']>): typeof edge => ({
    ...edge,
    modulePath: prefix + edge.modulePath,
    paths: edge.paths.map((path) => prefix + path),
    assets: edge.assets.map(inTree),
    wasm: edge.wasm.map(inTree),
  });
  const described = ({ edge, ...entry }: Entry): object => ({
    ...inTree(entry),
    ...(isPrerendered(entry) ? { prerendered: true } : {}),
    ...(edge === undefined ? {} : { edge: inEdge(edge) }),
  });
  return {
    entries: build.entries.map(described),
    ...(build.middleware === undefined ? {} : { middleware: described(build.middleware) }),
  };
}

/**
 * Adds every file that the edge serves, for the image optimizer and for an application that requests them of itself.
 * Returns places and types by URL. The bytes are stored already; each file costs a link (20 µs) when the tree is put in
 * place.
 */
function addOwnFiles(tree: TreeBuilder, parts: FunctionParts): Record<string, { path: string; type: string }> {
  const own: Record<string, { path: string; type: string }> = {};
  for (const [url, found] of parts.sources) {
    const file = parts.files[url];
    if (file === undefined) continue;
    if (!tree.has(found.path)) tree.addStored(found.path, file);
    own[url] = { path: found.path, type: file.type };
  }
  return own;
}

/** Pages name imported images as browsers request them, below the asset prefix. */
function imagesOf(
  files: Readonly<Record<string, { path: string }>>,
  { build, assetPrefix }: FunctionParts,
): Record<string, string> {
  const images: Record<string, string> = {};
  const own = `${build.config.basePath}/_next/`;
  for (const [url, { path }] of Object.entries(files)) {
    if (!IMAGE.test(url)) continue;
    images[url] = path;
    if (assetPrefix !== undefined && url.startsWith(own))
      images[`${assetPrefix}/_next/${url.slice(own.length)}`] = path;
  }
  return images;
}

async function addErrorFiles(
  tree: TreeBuilder,
  root: string,
  prefix: string,
  build: BuildDescription,
): Promise<{ errorFiles: Record<string, string>; localeErrorFiles: Record<string, string> }> {
  const errorFiles: Record<string, string> = {};
  const localeErrorFiles: Record<string, string> = {};
  for (const { pathname, filePath } of build.staticFiles) {
    const path = pathname.slice(build.config.basePath.length);
    const [, locale, status] = /^(\/[^/]+)?\/(404|500)$/.exec(path) ?? [];
    if (status === undefined || (await resolveInTree(root, prefix + filePath))?.kind !== 'file') continue;
    await tree.addPath(prefix + filePath);
    const key = status === '404' ? 'notFound' : 'error';
    if (locale === undefined) errorFiles[key] = prefix + filePath;
    else {
      errorFiles[key] ??= prefix + filePath;
      localeErrorFiles[path] = prefix + filePath;
    }
  }
  return { errorFiles, localeErrorFiles };
}

export const optimizesImages = ({ config: { images } }: BuildDescription): boolean =>
  images !== undefined && images['unoptimized'] !== true && (images['loader'] ?? 'default') === 'default';
const hasKeys = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
