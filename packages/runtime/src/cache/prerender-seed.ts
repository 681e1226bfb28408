/** Pages that the build prerendered, read from the function's files in Next's own format. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { isRecord } from '../process/environment.ts';
import { readDataSeed } from './data-seed.ts';
import { groupOf } from './render-context.ts';

export type CacheEntry = {
  lastModified: number;
  value: Record<string, unknown> | null;
  cacheControl?: unknown;
  tags?: readonly string[];
};
export type ReadContext = {
  kind?: string;
  isFallback?: boolean;
  isRoutePPREnabled?: boolean;
  tags?: readonly string[];
  softTags?: readonly string[];
};

/**
 * Reads an entry of the build. `builtAt`: when the build ran, in milliseconds; the files' own times are those of their
 * copying. Returns undefined when the build stored no such entry.
 */
export async function readSeed(
  serverDistDir: string,
  builtAt: number,
  key: string,
  context: ReadContext,
): Promise<CacheEntry | undefined> {
  const { kind } = context;
  if (kind === 'FETCH') return readDataSeed(serverDistDir, key);
  if (kind !== 'APP_PAGE' && kind !== 'APP_ROUTE' && kind !== 'PAGES') return undefined;
  const primary = kind === 'APP_ROUTE' ? '.body' : '.html';
  const base = locate(serverDistDir, key, kind, primary);
  if (base === undefined) return undefined;
  try {
    const meta = await readMeta(`${base}.meta`);
    const common = { headers: meta['headers'], status: meta['status'] };
    const entry = (value: Record<string, unknown>): CacheEntry => ({
      lastModified: typeof meta['routeCacheLastModified'] === 'number' ? meta['routeCacheLastModified'] : builtAt,
      value: { kind, ...value, ...common },
      cacheControl: meta['cacheControl'] ?? lifetimes(serverDistDir).get(groupOf(key)),
    });
    if (kind === 'APP_ROUTE') return entry({ body: await readFile(`${base}.body`) });
    const html = await readFile(`${base}.html`, 'utf8');
    if (kind === 'PAGES')
      return entry({
        html,
        pageData: context.isFallback === true ? {} : JSON.parse(await readFile(`${base}.json`, 'utf8')),
      });
    const needsRsc =
      context.isFallback !== true &&
      (context.isRoutePPREnabled !== true || meta['postponed'] === undefined || meta['postponed'] === null);
    return entry({
      html,
      rscData: needsRsc ? await readFile(`${base}.rsc`) : undefined,
      postponed: meta['postponed'],
      segmentData: await readSegments(base, meta['segmentPaths']),
    });
  } catch {
    return undefined;
  }
}

type Lifetime = { revalidate: number | false; expire: number | undefined };
const known = new Map<string, ReadonlyMap<string, Lifetime>>();

/** Returns how long each prerendered page may be used, by path. */
function lifetimes(serverDistDir: string): ReadonlyMap<string, Lifetime> {
  const before = known.get(serverDistDir);
  if (before !== undefined) return before;
  const found = new Map<string, Lifetime>();
  known.set(serverDistDir, found);
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(dirname(serverDistDir), 'prerender-manifest.json'), 'utf8'));
    const routes = isRecord(manifest) && isRecord(manifest['routes']) ? manifest['routes'] : {};
    for (const [path, route] of Object.entries(routes)) {
      if (!isRecord(route)) continue;
      const { initialRevalidateSeconds: revalidate, initialExpireSeconds: expire } = route;
      if (revalidate === false || typeof revalidate === 'number')
        found.set(path, { revalidate, expire: typeof expire === 'number' ? expire : undefined });
    }
  } catch {
    // not in the tree: Next knows the lifetimes by itself
  }
  return found;
}

/**
 * Locates an entry. Next ≥ 16.4 stores them by their route under `route-cache`, earlier versions beside the compiled
 * pages.
 */
function locate(serverDistDir: string, key: string, kind: string, extension: string): string | undefined {
  const scoped = key.startsWith('/route-cache/');
  const roots = scoped ? [''] : [kind === 'PAGES' ? 'pages' : 'app'];
  for (const root of roots) {
    const base = join(serverDistDir, root, key === '/' ? '/index' : key);
    if (base.startsWith(serverDistDir + sep) && existsSync(base + extension)) return base;
  }
  return undefined;
}

async function readMeta(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(() => '{}'); // earlier versions of Next write none for pages
  const meta: unknown = JSON.parse(text);
  return isRecord(meta) ? meta : {};
}

async function readSegments(base: string, paths: unknown): Promise<Map<string, Buffer> | undefined> {
  if (!Array.isArray(paths)) return undefined;
  const segments = new Map<string, Buffer>();
  for (const path of paths) {
    if (typeof path !== 'string' || path.split('/').includes('..')) continue;
    const data = await readFile(`${base}.segments${path}.segment.rsc`).catch(() => undefined);
    if (data !== undefined) segments.set(path, data);
  }
  return segments;
}
