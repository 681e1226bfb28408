/**
 * What Next needs when it runs as a plain server in a function (13.5 to 16.1, and apps with a server of their own). Its
 * files are read-only and it is one of several processes, so its caches are in the directory that the processes share.
 * The app's configuration stays untouched, and a cache handler that it names itself is used instead of ours.
 */
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { TAG_LOG_FILE } from '@anchor/protocol/tag-invalidations.ts';
import { CacheStore } from '../cache/cache-store.ts';
import { claimsIn } from '../cache/data-claims.ts';
import { isRecord } from '../process/environment.ts';
import { withAddresses } from './request-address.ts';
import { createServerCache, type FileCache, type ServerCacheParts } from './incremental-cache.ts';
import { TagInvalidations } from '../cache/tag-invalidations.ts';

type Load = (request: string, parent: unknown, isMain: boolean) => unknown;
type Class = new (...args: never[]) => object;

const CACHE = 'next/dist/server/lib/incremental-cache';

/**
 * Prepares Next for running as a plain server. Call it once, before the app's own code runs; it costs nothing where
 * there is no Next.
 */
export function prepareNextServer(cacheDir: string): void {
  const store = new CacheStore(join(cacheDir, 'render'));
  const clock = new TagInvalidations(join(cacheDir, TAG_LOG_FILE));
  const claims = claimsIn(cacheDir);
  const made = new WeakMap<object, Class>();
  const cacheOf = (FileCache: FileCache, require: NodeJS.Require): Class => {
    const known = made.get(FileCache);
    if (known !== undefined) return known;
    const Cache = createServerCache({
      store,
      clock,
      claims,
      FileCache,
      builtAt: builtAt(),
      remember: remembering(require),
    });
    made.set(FileCache, Cache);
    return Cache;
  };

  // Next 15 and newer look up their cache here, also from the bundled copies of their server.
  const handlers = {};
  Object.defineProperty(handlers, 'FetchCache', {
    configurable: true,
    enumerable: true,
    get: () => fromWorkingDirectory(cacheOf),
  });
  Reflect.set(globalThis, Symbol.for('@next/cache-handlers'), handlers);

  // Older ones know their own file cache alone, so that is what they get ours for.
  onLoad((request, loaded, require) => {
    if (request.endsWith('/file-system-cache') && isFileCache(loaded))
      return { ...loaded, __esModule: true, default: cacheOf(loaded.default, require) };
    if (request.endsWith('/image-optimizer') && isOptimizer(loaded))
      return sharedImages(loaded, join(cacheDir, 'next'));
    return withAddresses(request, loaded, () => versionOf(require));
  });
}

/** Puts `change` between CommonJS modules of Next and those that load them. */
function onLoad(change: (request: string, loaded: unknown, require: NodeJS.Require) => unknown): void {
  const Module: unknown = nodeModule.default;
  const original: unknown = typeof Module === 'function' ? Reflect.get(Module, '_load') : undefined;
  if (typeof Module !== 'function' || typeof original !== 'function') return;
  const replaced: Load = function (this: unknown, request, parent, isMain) {
    const loaded: unknown = Reflect.apply(original, this, [request, parent, isMain]);
    if (!/\/(?:file-system-cache|image-optimizer|next-server|resolve-routes)$/.test(request) || !isRecord(parent))
      return loaded;
    const from = parent['filename'];
    return typeof from === 'string' && /[\\/]next[\\/]dist[\\/]server[\\/]/.test(from)
      ? change(request, loaded, nodeModule.createRequire(from))
      : loaded;
  };
  Reflect.set(Module, '_load', replaced);
}

const isFileCache = (loaded: unknown): loaded is { default: FileCache } =>
  isRecord(loaded) && typeof loaded['default'] === 'function';

type Optimizer = {
  ImageOptimizerCache: new (options: Record<string, unknown>) => object;
  imageOptimizer: (...args: unknown[]) => unknown;
};
const isOptimizer = (loaded: unknown): loaded is Optimizer =>
  isRecord(loaded) &&
  typeof loaded['ImageOptimizerCache'] === 'function' &&
  typeof loaded['imageOptimizer'] === 'function';

/**
 * Stores optimized images in the shared directory. Before 15 a `standalone` build refuses to optimize without sharp,
 * although its own codecs are there.
 */
function sharedImages(loaded: Optimizer, directory: string): Optimizer {
  const { ImageOptimizerCache, imageOptimizer } = loaded;
  class SharedImageCache extends ImageOptimizerCache {
    constructor(options: Record<string, unknown>) {
      super({ ...options, distDir: directory });
    }
  }
  // The position of the configuration differs between versions.
  const optimize = (...args: unknown[]): unknown =>
    imageOptimizer(
      ...args.map((arg) => (isRecord(arg) && 'images' in arg && 'output' in arg ? { ...arg, output: undefined } : arg)),
    );
  const changed = Object.create(loaded, {
    ImageOptimizerCache: { value: SharedImageCache, enumerable: true },
    imageOptimizer: { value: optimize, enumerable: true },
  });
  return changed;
}

function fromWorkingDirectory(cacheOf: (FileCache: FileCache, require: NodeJS.Require) => Class): Class | undefined {
  try {
    const require = nodeModule.createRequire(join(process.cwd(), 'package.json'));
    const loaded: unknown = require(`${CACHE}/file-system-cache`);
    return isFileCache(loaded) ? cacheOf(loaded.default, require) : undefined;
  } catch (cause) {
    console.warn('The render cache is not shared between processes:', cause instanceof Error ? cause.message : cause);
    return undefined;
  }
}

/**
 * Records the lifetimes of Next's own entries, which it keeps in a map of its process: 13.5 and 14 by route, 15 by key.
 */
function remembering(require: NodeJS.Require): ServerCacheParts['remember'] {
  const timings = staticMap(require, `${CACHE}/shared-revalidate-timings`, 'SharedRevalidateTimings', 'timings');
  const controls = staticMap(
    require,
    `${CACHE}/shared-cache-controls.external`,
    'SharedCacheControls',
    'cacheControls',
  );
  return (key, { cacheControl, revalidate }) => {
    if (revalidate !== undefined) timings?.set(key.replace(/\/(?:index)?$/, '') || '/', revalidate);
    if (isRecord(cacheControl)) controls?.set(key, cacheControl);
  };
}

function staticMap(
  require: NodeJS.Require,
  path: string,
  name: string,
  field: string,
): Map<unknown, unknown> | undefined {
  try {
    const loaded: unknown = require(path);
    const found: unknown =
      isRecord(loaded) && typeof loaded[name] === 'function' ? Reflect.get(loaded[name], field) : undefined;
    return found instanceof Map ? found : undefined;
  } catch {
    return undefined; // a version that has it elsewhere
  }
}

function versionOf(require: NodeJS.Require): string | undefined {
  try {
    const found: unknown = require('next/package.json');
    return isRecord(found) && typeof found['version'] === 'string' ? found['version'] : undefined;
  } catch {
    return undefined; // not in the tree: whatever is special about a version is left out
  }
}

/** Returns the build time, which the packager stores beside the server. */
function builtAt(): number | undefined {
  try {
    const noted: unknown = JSON.parse(readFileSync(join(process.cwd(), '.anchor/next.json'), 'utf8'));
    return isRecord(noted) && typeof noted['builtAt'] === 'number' ? noted['builtAt'] : undefined;
  } catch {
    return undefined;
  }
}
