import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TAG_LOG_FILE } from '@anchor/protocol/tag-invalidations.ts';
import { removeTree } from '@anchor/sandbox-linux/remove-tree.ts';
import { MAX_TAG_LOG_BYTES } from './tag-log-file.ts';

/**
 * Empties a deployment's cache directory except the tag-invalidation log: without it, pages of the build would be
 * served again. The log itself is removed when it is not a plain file, or is what filled the disk.
 */
export async function clearDeploymentCache(cache: string): Promise<void> {
  for (const name of await readdir(cache).catch(() => []))
    if (name !== TAG_LOG_FILE) await removeTree(join(cache, name));
  const log = await lstat(join(cache, TAG_LOG_FILE)).catch(() => undefined);
  if (log !== undefined && (!log.isFile() || log.size > MAX_TAG_LOG_BYTES)) await removeTree(join(cache, TAG_LOG_FILE));
}
