/** Puts the process in the state that Next's built entry points expect, before the first of them is loaded. */
import { join } from 'node:path';
import { createCacheHandler } from './cache-handler.ts';
import { createCacheStore } from './cache-store.ts';
import { environment, isRecord } from './environment.ts';
import type { FunctionFiles } from './next-description.ts';
import { createRevalidationLocks } from './revalidation-lock.ts';
import { createTagClock, type TagState } from './tag-clock.ts';
import { createUseCacheHandler } from './use-cache-handler.ts';

/** `cacheDir`: where the render cache and the tag clock of the deployment lie; undefined keeps them in this process. */
export function prepareEnvironment(files: FunctionFiles, cacheDir: string | undefined): void {
  environment['NODE_ENV'] ??= 'production';
  environment['NEXT_RUNTIME'] ??= 'nodejs';
  delete environment['NEXT_ADAPTER_PATH'];
  process.chdir(files.projectDir);
  loadEnvFiles(files);
  files.require('next/dist/build/adapter/setup-node-env.external');

  const store = createCacheStore(cacheDir === undefined ? undefined : join(cacheDir, 'render'));
  const clock = createTagClock(cacheDir === undefined ? undefined : join(cacheDir, 'tags.log'), tagStatesOfNext(files));
  clock.refresh();
  const locks = createRevalidationLocks(cacheDir === undefined ? undefined : join(cacheDir, 'locks'));
  const handler = createUseCacheHandler({ store, clock });
  // Next takes its caches from here unless the app's configuration names its own.
  Reflect.set(globalThis, Symbol.for('@next/cache-handlers'), {
    FetchCache: createCacheHandler({ store, clock, locks, builtAt: files.description.builtAt }), DefaultCache: handler, RemoteCache: handler,
  });
}

/** Next compares tags itself as well, by this map: ours must be the same one, or a stale tag would not be seen. */
function tagStatesOfNext({ require }: FunctionFiles): Map<string, TagState> {
  try {
    const loaded: unknown = require('next/dist/server/lib/incremental-cache/tags-manifest.external.js');
    if (isRecord(loaded) && loaded['tagsManifest'] instanceof Map) return loaded['tagsManifest'];
  } catch {
    // a version of Next without it
  }
  return new Map();
}

/** The repository's `.env` files, below the variables of the environment, as `next start` does. */
function loadEnvFiles({ require, projectDir }: FunctionFiles): void {
  try {
    const env: unknown = require(require.resolve('@next/env', { paths: [require.resolve('next/package.json')] }));
    if (isRecord(env) && typeof env['loadEnvConfig'] === 'function') env['loadEnvConfig'](projectDir, false, { info() {}, error: console.error });
  } catch {
    // not in the tree: the app has none
  }
}
