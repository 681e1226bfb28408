/**
 * `<distDir>/anchor/build.json`: all that packaging needs of a Next build. Paths are relative to the repository root,
 * "/" separated.
 */
import { existsSync } from 'node:fs';
import { isRecord } from '../process/environment.ts';
import { dynamicPages, dynamicPathnames } from '../routing/dynamic-routes.ts';
import { extraFiles } from './extra-files.ts';

type Output = {
  id: string;
  type: string;
  pathname: string;
  filePath: string;
  sourcePage: string;
  runtime: 'nodejs' | 'edge';
  assets: Record<string, string>;
  wasmAssets?: Record<string, string>;
  edgeRuntime?: { modulePath: string; entryKey: string; handlerExport: string };
  config: { maxDuration?: number; env?: Record<string, string>; matchers?: readonly unknown[] };
};
type PrerenderOutput = {
  id: string;
  pathname: string;
  parentOutputId: string;
  groupId: number;
  response?: string;
  compute?: string;
  pprChain?: unknown;
  fallback?: {
    filePath?: string;
    initialStatus?: number;
    initialHeaders?: Record<string, string | string[]>;
    initialRevalidate?: number | false;
    initialExpiration?: number;
    postponedState?: string;
  };
  config: { allowQuery?: string[]; bypassFor?: unknown; bypassToken?: string; renderingMode?: string };
};
type StaticOutput = { pathname: string; filePath: string; immutableHash?: string };

/** The argument of Next's `onBuildComplete`, as far as we use it. */
export type BuildContext = {
  routing: Record<string, unknown>;
  outputs: {
    pages: Output[];
    pagesApi: Output[];
    appPages: Output[];
    appRoutes: Output[];
    middleware?: Output;
    prerenders: PrerenderOutput[];
    staticFiles: StaticOutput[];
  };
  projectDir: string;
  repoRoot: string;
  distDir: string;
  config: Record<string, unknown>;
  nextVersion: string;
  buildId: string;
};

/** Makes a path relative to the repository root. */
type ToRelative = (path: string) => string;
/** Files that entry points need at runtime: path in the tree → file of the checkout. */
type Files = Record<string, string>;
type Tables = Readonly<{ routing: Record<string, unknown>; basePath: string; buildId: string }>;

export function describeBuild(context: BuildContext, toRelative: ToRelative): Record<string, unknown> {
  const { outputs, config } = context;
  const tables = { routing: context.routing, basePath: String(config['basePath'] ?? ''), buildId: context.buildId };
  const dynamic = dynamicPathnames(tables, localesOf(config['i18n']));
  const files: Files = {};
  const describe = (output: Output): Record<string, unknown> =>
    describeEntry(output, { files, toRelative, basePath: tables.basePath, dynamic });
  const entries = [...outputs.appPages, ...outputs.appRoutes, ...outputs.pages, ...outputs.pagesApi].map(describe);
  const middleware = outputs.middleware === undefined ? undefined : describe(outputs.middleware);
  const exported = config['output'] === 'export';
  const pages = pagesByGroup(outputs.prerenders, tables);
  if (!exported) {
    for (const path of extraFiles(context, outputs)) files[toRelative(path)] ??= toRelative(path);
  }
  const { experimental } = config;
  const serverSourceMaps = isRecord(experimental) && experimental['serverSourceMaps'] === true;
  if (serverSourceMaps) addSourceMaps(files, context.repoRoot);
  return {
    version: 1,
    nextVersion: context.nextVersion,
    buildId: context.buildId,
    builtAt: Date.now(),
    projectDir: toRelative(context.projectDir),
    distDir: toRelative(context.distDir),
    exported,
    config: describeConfig(config, serverSourceMaps),
    // 16.2 has them with the middleware only.
    routing: {
      ...context.routing,
      middlewareMatchers: context.routing['middlewareMatchers'] ?? outputs.middleware?.config.matchers ?? [],
    },
    entries,
    middleware,
    prerenders: outputs.prerenders.map((output) => ({
      ...output,
      ...(dynamic.has(pages.get(output.groupId) ?? '') ? { template: true } : {}),
      fallback: describeFallback(output, toRelative),
    })),
    staticPaths: staticPathsOf(tables, pages, dynamic),
    staticFiles: outputs.staticFiles.map(({ pathname, filePath, immutableHash }) => ({
      pathname,
      filePath: toRelative(filePath),
      immutableHash,
    })),
    files,
  };
}

/** Describes an entry point, and adds to `files` what it needs. */
function describeEntry(
  output: Output,
  parts: Readonly<{ files: Files; toRelative: ToRelative; basePath: string; dynamic: ReadonlySet<string> }>,
): Record<string, unknown> {
  const { files, toRelative, basePath, dynamic } = parts;
  addAssets(output, files, toRelative);
  const filePath = toRelative(output.filePath);
  files[filePath] ??= filePath;
  const wasm = Object.entries(output.wasmAssets ?? {}).map(([name, path]) => ({ name, filePath: toRelative(path) }));
  for (const { filePath } of wasm) files[filePath] ??= filePath;
  const described = {
    id: output.id,
    type: output.type,
    pathname: output.type === 'PAGES' ? pagePath(output.pathname, basePath) : output.pathname,
    filePath,
    sourcePage: output.sourcePage,
    runtime: output.runtime,
    ...(dynamic.has(output.pathname) ? { dynamic: true } : {}),
  };
  if (output.runtime !== 'edge' || output.edgeRuntime === undefined) return described;
  return {
    ...described,
    edge: {
      modulePath: toRelative(output.edgeRuntime.modulePath),
      entryKey: output.edgeRuntime.entryKey,
      handlerExport: output.edgeRuntime.handlerExport,
      paths: Object.values(output.assets)
        .map(toRelative)
        .filter((path) => path.endsWith('.js')),
      assets: Object.entries(output.assets)
        .filter(([, path]) => !path.endsWith('.js'))
        .map(([name, path]) => ({ name, filePath: toRelative(path) })),
      wasm,
      env: output.config.env ?? {},
    },
  };
}

function addAssets({ assets, runtime }: Output, files: Files, toRelative: ToRelative): void {
  for (const name in assets) {
    const source = assets[name];
    if (source === undefined) continue;
    // Edge entry points name their assets freely and list the file of each; for the others the path decides.
    const target = runtime === 'edge' ? toRelative(source) : name;
    if (!(target in files)) files[target] = toRelative(source);
  }
}

function addSourceMaps(files: Files, repoRoot: string): void {
  for (const [target, source] of Object.entries(files))
    if (source.endsWith('.js') && existsSync(`${repoRoot}/${source}.map`)) files[`${target}.map`] ??= `${source}.map`;
}

const describeConfig = (config: Record<string, unknown>, serverSourceMaps: boolean): Record<string, unknown> => ({
  basePath: config['basePath'] ?? '',
  trailingSlash: config['trailingSlash'] === true,
  skipProxyUrlNormalize: config['skipProxyUrlNormalize'] === true || config['skipMiddlewareUrlNormalize'] === true,
  compress: config['compress'] !== false,
  i18n: config['i18n'] ?? undefined,
  images: config['images'],
  deploymentId: config['deploymentId'] ?? undefined,
  serverSourceMaps,
});

const describeFallback = (
  { fallback }: PrerenderOutput,
  toRelative: ToRelative,
): PrerenderOutput['fallback'] | undefined =>
  fallback?.filePath === undefined ? fallback : { ...fallback, filePath: toRelative(fallback.filePath) };

/** Returns the paths of routes that have no others than the prerendered ones, but for drafts, which `has` marks. */
function staticPathsOf(
  tables: Tables,
  pages: ReadonlyMap<number, string>,
  dynamic: ReadonlySet<string>,
): readonly string[] {
  const closed = dynamicPages(tables).flatMap(({ rule }) =>
    Array.isArray(rule['has']) ? [new RegExp(String(rule['sourceRegex']))] : [],
  );
  if (closed.length === 0) return [];
  return [...pages.values()].filter(
    (pathname) => !dynamic.has(pathname) && closed.some((route) => route.test(encodeURI(pathname))),
  );
}

/**
 * Returns the path of each prerendered page by the group that it shares with its payloads and data. Their paths extend
 * the page's, so the page has the shortest one. Data is in Next's own folder.
 */
function pagesByGroup(
  prerenders: readonly PrerenderOutput[],
  { basePath }: Readonly<{ basePath: string }>,
): ReadonlyMap<number, string> {
  const pages = new Map<number, string>();
  for (const { groupId, pathname } of prerenders) {
    if (pathname.startsWith(`${basePath}/_next/data/`)) continue;
    const known = pages.get(groupId);
    if (known === undefined || pathname.length < known.length) pages.set(groupId, pathname);
  }
  return pages;
}

const localesOf = (i18n: unknown): readonly string[] =>
  isRecord(i18n) && Array.isArray(i18n['locales']) ? i18n['locales'].map(String) : [];

/** A whole segment in brackets, by which Next itself recognizes dynamic routes of the Pages Router. */
const DYNAMIC = /\/\[[^/]+\](?=\/|$)/;

/** Returns the page's path: Next names the page at "/" "/index", as its file. */
function pagePath(pathname: string, basePath: string): string {
  const path = pathname.slice(basePath.length);
  return path === '/index' || (path.startsWith('/index/') && !DYNAMIC.test(path))
    ? `${basePath}${path.slice('/index'.length)}` || '/'
    : pathname;
}
