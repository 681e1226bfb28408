import type { FunctionEntry } from '@anchor/core/artifact/manifest.ts';
import { findInside, readJsonInside, type Found } from '../run/inside.ts';
import type { ArtifactStore } from '../output/artifact-store.ts';
import { TreeBuilder } from '../output/tree-builder.ts';
import type { BuildDescription } from './build-description.ts';

export const ENTRY = '.anchor/function.json';

/** What the optimizer of Next can read. */
const IMAGE = /\.(?:png|jpe?g|webp|avif|gif|svg|tiff?|bmp|ico|jxl|heic)$/i;

/**
 * The tree of the function: what Next traced for all entry points together, what was prerendered (the first state of the
 * render cache), the images it may have to optimize, and the description that
 * packages/runtime/src/next-description.ts reads.
 */
export async function packageFunction(
  parts: Readonly<{ root: string; prefix: string; project: string; build: BuildDescription; node: string; sources: ReadonlyMap<string, Found>; assetPrefix: string | undefined }>, store: ArtifactStore,
): Promise<FunctionEntry> {
  const { root, prefix, build, sources, assetPrefix } = parts;
  const tree = new TreeBuilder(root);
  for (const [place, source] of Object.entries(build.files)) {
    if (place === source) await tree.addPath(prefix + place);
    else {
      const found = await findInside(root, prefix + source);
      if (found?.kind === 'file') tree.addFound(prefix + place, found);
    }
  }
  await tree.addFolder(`${prefix}${build.distDir}/server/route-cache`);
  for (const { fallback } of build.prerenders) {
    if (fallback?.filePath === undefined) continue;
    const stem = (prefix + fallback.filePath).replace(/\.(?:html|rsc|body|json)$/, '');
    for (const path of [prefix + fallback.filePath, `${stem}.meta`]) await tree.addPath(path);
  }
  const errorFiles = await addErrorFiles(tree, root, prefix, build);
  const imageFiles: Record<string, string> = {};
  if (optimizesImages(build)) {
    for (const [url, found] of sources) {
      if (!IMAGE.test(url)) continue;
      if (!tree.has(found.path)) tree.addFound(found.path, found);
      imageFiles[url] = found.path;
      // Pages name imported pictures as browsers ask for them.
      const own = `${build.config.basePath}/_next/`;
      if (assetPrefix !== undefined && url.startsWith(own)) imageFiles[`${assetPrefix}/_next/${url.slice(own.length)}`] = found.path;
    }
  }
  const actions = await readJsonInside(root, `${prefix}${build.distDir}/server/server-reference-manifest.json`);
  const inTree = <T extends { filePath: string }>(value: T): T => ({ ...value, filePath: prefix + value.filePath });
  const parents = new Set(build.prerenders.map(({ parentOutputId }) => parentOutputId));
  // By file: a page of several locales has an entry for each, and one of them is named as the origin of what was made.
  const staticPages = new Set(build.entries.filter(({ id, type }) => type === 'PAGES' && parents.has(id)).map(({ filePath }) => filePath));
  const paths = new Set(build.prerenders.map(({ pathname }) => pathname));
  const described = ({ edge, ...entry }: BuildDescription['entries'][number]) => ({
    ...inTree(entry),
    // A page with `getStaticProps` is static whatever its path; one of the App Router only where the build made it.
    ...((entry.type === 'PAGES' ? staticPages.has(entry.filePath) : paths.has(entry.pathname) && !entry.pathname.includes('[')) ? { prerendered: true } : {}),
    ...(edge === undefined ? {} : { edge: { ...edge, modulePath: prefix + edge.modulePath, paths: edge.paths.map((path) => prefix + path), assets: edge.assets.map(inTree), wasm: edge.wasm.map(inTree) } }),
  });
  const description = {
    version: 1, nextVersion: build.nextVersion, buildId: build.buildId, builtAt: build.builtAt, projectDir: prefix + build.projectDir, distDir: prefix + build.distDir,
    config: build.config, routing: build.routing, entries: build.entries.map(described), ...(build.middleware === undefined ? {} : { middleware: described(build.middleware) }),
    // Hashed files are always found by the edge first; rewrites never lead to them.
    served: [...sources.keys()].filter((url) => !url.startsWith(`${build.config.basePath}/_next/static/`)),
    staticPaths: staticPaths(build),
    imageFiles, ...errorFiles, hasActions: hasKeys(actions?.['node']) || hasKeys(actions?.['edge']),
  };
  await tree.addBytes(ENTRY, json(description), store);
  await tree.addBytes('.anchor/package.json', json({ type: 'commonjs' }), store);
  return { kind: 'next', tree: await tree.store(store), cwd: (prefix + build.projectDir).replace(/\/$/, ''), entry: ENTRY, node: parts.node };
}

async function addErrorFiles(tree: TreeBuilder, root: string, prefix: string, build: BuildDescription): Promise<{ errorFiles: Record<string, string>; localeErrorFiles: Record<string, string> }> {
  const errorFiles: Record<string, string> = {};
  const localeErrorFiles: Record<string, string> = {};
  for (const { pathname, filePath } of build.staticFiles) {
    const path = pathname.slice(build.config.basePath.length);
    const [, locale, status] = /^(\/[^/]+)?\/(404|500)$/.exec(path) ?? [];
    if (status === undefined || (await findInside(root, prefix + filePath))?.kind !== 'file') continue;
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

/** What was made for the dynamic routes that Next lets pass with a draft's cookie only: those that have no other paths. */
function staticPaths({ prerenders, routing }: BuildDescription): string[] {
  const routes = routing.dynamicRoutes.filter((route) => Array.isArray(route['has']) && !/\.rsc|_next/.test(route.sourceRegex)).map(({ sourceRegex }) => new RegExp(sourceRegex));
  if (routes.length === 0) return [];
  return prerenders.map(({ pathname }) => pathname).filter((pathname) => !/\/_next\/data\/|\.rsc$|\.segments\/|\[/.test(pathname) && routes.some((route) => route.test(encodeURI(pathname))));
}

export const optimizesImages = ({ config: { images } }: BuildDescription): boolean => images !== undefined && images['unoptimized'] !== true && (images['loader'] ?? 'default') === 'default';
const hasKeys = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length > 0;
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
