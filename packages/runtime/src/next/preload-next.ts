/**
 * What a function can load before its first request. The app's own code is not included: it runs with the first
 * request.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FunctionFiles } from '../routing/description.ts';

/** Parts of Node that each render uses, and that Node itself loads at their first use. */
const LAZY = [
  'Request',
  'Response',
  'Headers',
  'ReadableStream',
  'TransformStream',
  'TextDecoderStream',
  'CompressionStream',
  'crypto',
  'AbortSignal',
];
/** How Next names its runtime for each kind of entry point. */
const RUNTIMES: Readonly<Record<string, string>> = {
  APP_PAGE: 'app-page',
  APP_ROUTE: 'app-route',
  PAGES: 'pages',
  PAGES_API: 'pages-api',
};

/**
 * Loads Next's own runtimes for the kinds of entry points that the app has: most of what its first request would wait
 * for. Returns their paths. A module that fails to load is left to the request that needs it.
 */
export function preloadNextRuntime({ description, require }: FunctionFiles): readonly string[] {
  for (const name of LAZY) Reflect.get(globalThis, name);
  const loaded: string[] = [];
  try {
    const directory = join(dirname(require.resolve('next/package.json')), 'dist/compiled/next-server');
    const names = readdirSync(directory);
    for (const type of new Set(
      description.entries.filter(({ runtime }) => runtime === 'nodejs').map(({ type }) => type),
    )) {
      const runtime = RUNTIMES[type];
      // By bundler and by React's channel; a traced tree has the one that the app was built for.
      const found = runtime === undefined ? [] : names.filter((name) => RUNTIME_FILE.exec(name)?.[1] === runtime);
      const [name] = found;
      if (name === undefined || found.length > 1) continue;
      require(join(directory, name));
      loaded.push(join(directory, name));
    }
  } catch {
    // another layout of Next
  }
  return loaded;
}

const RUNTIME_FILE = /^(app-page|app-route|pages|pages-api)(?:-turbo)?(?:-experimental)?\.runtime\.prod\.js$/;
