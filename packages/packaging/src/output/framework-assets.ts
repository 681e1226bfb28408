import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { HASHED, HASHED_FOLDERS } from './package-files.ts';
import { walkOutput } from './walk.ts';

/**
 * Returns the files of a server's output that the edge serves itself: those with a hash in their name, which stay
 * reachable for pages of earlier deployments. `all`: every file, where the server only renders. Pages stay the
 * server's, which selects them.
 */
export async function frameworkAssets(
  root: string,
  folder: string,
  all: boolean,
  store: ArtifactStore,
): Promise<Record<string, StaticFile>> {
  const files: Record<string, StaticFile> = {};
  for (const { relative, found } of await walkOutput(root, folder)) {
    const url = `/${relative}`;
    const immutable = HASHED_FOLDERS.test(relative) && HASHED.test(relative);
    if (url.length > 4096 || /\.(?:br|gz)$/.test(relative) || !(immutable || all)) continue;
    files[url] = await store.staticFile(found, url, { immutable });
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
