/** Puts the process in the state that Next's built entry points expect, before the first of them is loaded. */
import { join } from 'node:path';
import { TAG_LOG_FILE } from '@anchor/protocol/tag-invalidations.ts';
import { createIncrementalCache } from '../cache/incremental-cache.ts';
import { CacheStore } from '../cache/cache-store.ts';
import { claimsIn } from '../cache/data-claims.ts';
import { environment, isRecord } from '../process/environment.ts';
import type { FunctionFiles } from '../routing/description.ts';
import { RevalidationLocks } from '../cache/revalidation-lock.ts';
import { TagInvalidations, type TagState } from '../cache/tag-invalidations.ts';
import { createUseCacheHandler } from '../cache/use-cache-handler.ts';

/**
 * Prepares the process. `cacheDir`: where the render cache and the tag invalidations of the deployment are stored;
 * undefined keeps them in this process.
 */
export function prepareEnvironment(files: FunctionFiles, cacheDir: string | undefined): void {
  environment['NODE_ENV'] ??= 'production';
  environment['NEXT_RUNTIME'] ??= 'nodejs';
  delete environment['NEXT_ADAPTER_PATH'];
  process.chdir(files.projectDir);
  loadEnvFiles(files);
  files.require('next/dist/build/adapter/setup-node-env.external');

  const store = new CacheStore(cacheDir === undefined ? undefined : join(cacheDir, 'render'));
  const clock = new TagInvalidations(
    cacheDir === undefined ? undefined : join(cacheDir, TAG_LOG_FILE),
    tagStatesOfNext(files),
  );
  clock.refresh();
  const locks = new RevalidationLocks(cacheDir === undefined ? undefined : join(cacheDir, 'locks'));
  const claims = claimsIn(cacheDir);
  const handler = createUseCacheHandler({ store, clock, claims });
  // Next takes its caches from here unless the app's configuration names its own.
  Reflect.set(globalThis, Symbol.for('@next/cache-handlers'), {
    FetchCache: createIncrementalCache({ store, tags: clock, locks, claims, builtAt: files.description.builtAt }),
    DefaultCache: handler,
    RemoteCache: handler,
  });
}

/**
 * Returns Next's own map of tags. Next compares tags by it as well, so ours must be the same one, or a stale tag would
 * be missed.
 */
function tagStatesOfNext({ require }: FunctionFiles): Map<string, TagState> {
  try {
    const loaded: unknown = require('next/dist/server/lib/incremental-cache/tags-manifest.external.js');
    if (isRecord(loaded) && loaded['tagsManifest'] instanceof Map) return loaded['tagsManifest'];
  } catch {
    // a version of Next without it
  }
  return new Map();
}

/** Loads the repository's `.env` files, which the environment's variables override, as `next start` does. */
function loadEnvFiles({ require, projectDir }: FunctionFiles): void {
  try {
    const env: unknown = require(require.resolve('@next/env', { paths: [require.resolve('next/package.json')] }));
    if (isRecord(env) && typeof env['loadEnvConfig'] === 'function')
      env['loadEnvConfig'](projectDir, false, { info() {}, error: console.error });
  } catch {
    // not in the tree: the app has none
  }
}
