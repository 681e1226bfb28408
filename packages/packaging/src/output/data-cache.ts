import type { ArtifactStore } from './artifact-store.ts';
import type { TreeBuilder } from './tree-builder.ts';
import { walkOutput } from './walk.ts';

/** Next names entries by a hash of what was fetched. */
const ENTRY = /^[0-9a-f]{32,128}$/;
const MAX_ENTRIES = 2_000;
const MAX_BYTES = 64 << 20;
/** Beside the entries: when each was made, since the files of a function have no times of their own. */
export const TIMES = '.times.json';

/**
 * Adds what the build fetched (`fetch` with a cache, `unstable_cache`) to the function, as `next start` finds it: the
 * newest entries, within a bound. `from`: Next's output folder in the checkout; `to`: the same in the function's tree.
 */
export async function addDataCache(
  tree: TreeBuilder,
  parts: Readonly<{ root: string; from: string; to: string }>,
  store: ArtifactStore,
): Promise<void> {
  const { root, from, to } = parts;
  const walked = await walkOutput(root, `${from}/cache/fetch-cache`, (relative) => !ENTRY.test(relative));
  const times: Record<string, number> = {};
  let bytes = 0;
  for (const { relative, found } of walked
    .toSorted((a, b) => b.found.mtimeMs - a.found.mtimeMs)
    .slice(0, MAX_ENTRIES)) {
    bytes += found.size;
    if (bytes > MAX_BYTES) break;
    tree.addFound(`${to}/cache/fetch-cache/${relative}`, found);
    times[relative] = Math.round(found.mtimeMs);
  }
  if (bytes > 0)
    await tree.addBytes(`${to}/cache/fetch-cache/${TIMES}`, new TextEncoder().encode(JSON.stringify(times)), store);
}
