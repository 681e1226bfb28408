/** `<distDir>/anchor/build.json`: all that packaging needs of a Next build. Paths are relative to the repository root, "/" separated. */
import { existsSync } from 'node:fs';
import { isRecord } from './environment.ts';
import { extraFiles } from './next-extra-files.ts';

type Output = {
  id: string; type: string; pathname: string; filePath: string; sourcePage: string; runtime: 'nodejs' | 'edge';
  assets: Record<string, string>; wasmAssets?: Record<string, string>;
  edgeRuntime?: { modulePath: string; entryKey: string; handlerExport: string };
  config: { maxDuration?: number; env?: Record<string, string>; matchers?: readonly unknown[] };
};
type PrerenderOutput = {
  id: string; pathname: string; parentOutputId: string; groupId: number; response?: string; compute?: string; pprChain?: unknown;
  fallback?: { filePath?: string; initialStatus?: number; initialHeaders?: Record<string, string | string[]>; initialRevalidate?: number | false; initialExpiration?: number; postponedState?: string };
  config: { allowQuery?: string[]; bypassFor?: unknown; bypassToken?: string; renderingMode?: string };
};
type StaticOutput = { pathname: string; filePath: string; immutableHash?: string };

/** What Next passes to `onBuildComplete`, as far as we use it. */
export type BuildContext = {
  routing: Record<string, unknown>;
  outputs: {
    pages: Output[]; pagesApi: Output[]; appPages: Output[]; appRoutes: Output[]; middleware?: Output;
    prerenders: PrerenderOutput[]; staticFiles: StaticOutput[];
  };
  projectDir: string; repoRoot: string; distDir: string; config: Record<string, unknown>; nextVersion: string; buildId: string;
};

export function describeBuild(context: BuildContext, toRelative: (path: string) => string): Record<string, unknown> {
  const { outputs, config } = context;
  const files: Record<string, string> = {};
  const add = ({ assets, runtime }: Output): void => {
    for (const name in assets) {
      const source = assets[name];
      if (source === undefined) continue;
      // Edge entry points name their assets as they like, and are given where each lies; the others are found by place.
      const target = runtime === 'edge' ? toRelative(source) : name;
      if (!(target in files)) files[target] = toRelative(source);
    }
  };
  const entry = (output: Output): Record<string, unknown> => {
    add(output);
    const filePath = toRelative(output.filePath);
    files[filePath] ??= filePath;
    const wasm: Record<string, string> = {};
    for (const [name, path] of Object.entries(output.wasmAssets ?? {})) {
      wasm[name] = toRelative(path);
      files[wasm[name]] ??= wasm[name];
    }
    const described = { id: output.id, type: output.type, pathname: output.type === 'PAGES' ? pagePath(output.pathname, String(config['basePath'] ?? '')) : output.pathname, filePath, sourcePage: output.sourcePage, runtime: output.runtime };
    if (output.runtime !== 'edge' || output.edgeRuntime === undefined) return described;
    return {
      ...described,
      edge: {
        modulePath: toRelative(output.edgeRuntime.modulePath), entryKey: output.edgeRuntime.entryKey, handlerExport: output.edgeRuntime.handlerExport,
        paths: Object.values(output.assets).map(toRelative).filter((path) => path.endsWith('.js')),
        assets: Object.entries(output.assets).filter(([, path]) => !path.endsWith('.js')).map(([name, path]) => ({ name, filePath: toRelative(path) })),
        wasm: Object.entries(wasm).map(([name, filePath]) => ({ name, filePath })), env: output.config.env ?? {},
      },
    };
  };
  const entries = [...outputs.appPages, ...outputs.appRoutes, ...outputs.pages, ...outputs.pagesApi].map(entry);
  const middleware = outputs.middleware === undefined ? undefined : entry(outputs.middleware);
  const exported = config['output'] === 'export';
  if (!exported) {
    for (const path of extraFiles(context, outputs)) files[toRelative(path)] ??= toRelative(path);
  }
  const { experimental } = config;
  const serverSourceMaps = isRecord(experimental) && experimental['serverSourceMaps'] === true;
  if (serverSourceMaps) {
    for (const [place, source] of Object.entries(files)) if (source.endsWith('.js') && existsSync(`${context.repoRoot}/${source}.map`)) files[`${place}.map`] ??= `${source}.map`;
  }
  return {
    version: 1,
    nextVersion: context.nextVersion,
    buildId: context.buildId,
    builtAt: Date.now(),
    projectDir: toRelative(context.projectDir),
    distDir: toRelative(context.distDir),
    exported,
    config: {
      basePath: config['basePath'] ?? '', trailingSlash: config['trailingSlash'] === true,
      skipProxyUrlNormalize: config['skipProxyUrlNormalize'] === true || config['skipMiddlewareUrlNormalize'] === true, i18n: config['i18n'] ?? undefined,
      images: config['images'], deploymentId: config['deploymentId'] ?? undefined,
      serverSourceMaps,
    },
    // 16.2 has them with the middleware only.
    routing: { ...context.routing, middlewareMatchers: context.routing['middlewareMatchers'] ?? outputs.middleware?.config.matchers ?? [] },
    entries,
    middleware,
    prerenders: outputs.prerenders.map((output) => ({
      ...output,
      fallback: output.fallback === undefined ? undefined : { ...output.fallback, filePath: output.fallback.filePath === undefined ? undefined : toRelative(output.fallback.filePath) },
    })),
    staticFiles: outputs.staticFiles.map(({ pathname, filePath, immutableHash }) => ({ pathname, filePath: toRelative(filePath), immutableHash })),
    files,
  };
}

/** Next names the page at "/" "/index", as its file. */
function pagePath(pathname: string, basePath: string): string {
  const path = pathname.slice(basePath.length);
  return path === '/index' || (path.startsWith('/index/') && !path.includes('[')) ? `${basePath}${path.slice('/index'.length)}` || '/' : pathname;
}
