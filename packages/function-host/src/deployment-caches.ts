import { renameSync, rmSync } from 'node:fs';
import { lstat, mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { TAG_LOG_FILE } from '@anchor/protocol/tag-invalidations.ts';
import { readImageFile } from '@anchor/sandbox-linux/image-file.ts';
import { removeTree } from '@anchor/sandbox-linux/remove-tree.ts';
import type { MountedDisk } from './mounted-disk.ts';
import { addToTagLog, MAX_TAG_LOG_BYTES, readTagLog } from './tag-log-file.ts';

/**
 * Returns the cache directory of a deployment on its project's disk, and lets `link` lead there. The tag log of a
 * directory that `link` was before moves to the disk; the rest is regenerated.
 */
export async function cacheOnDisk(disk: MountedDisk, deploymentId: DeploymentId, link: string): Promise<string> {
  await mkdir(dirname(link), { recursive: true, mode: 0o700 });
  const directory = await disk.directoryOf(deploymentId);
  const target = relative(dirname(link), directory);
  if ((await readlink(link).catch(() => undefined)) === target) return directory;
  if ((await lstat(link).catch(() => undefined))?.isDirectory() === true) {
    const log = await readTagLog(join(link, TAG_LOG_FILE));
    // The directory stays when the disk has no space for the log: without it pages of the build would be served again.
    if (log !== undefined) await disk.trimIfFull(() => addToTagLog(join(directory, TAG_LOG_FILE), log));
    await removeTree(link);
  }
  const next = nextOf(link);
  await rm(next, { force: true });
  await symlink(target, next);
  await rename(next, link);
  return directory;
}

/**
 * Returns the cache directory of a deployment whose project's disk cannot be mounted: `link` itself. It starts with the
 * tag log that is in the disk's image.
 */
export async function cacheWithoutDisk(image: string, deploymentId: DeploymentId, link: string): Promise<string> {
  await mkdir(dirname(link), { recursive: true, mode: 0o700 });
  if ((await lstat(link).catch(() => undefined))?.isDirectory() === true) return link;
  const next = nextOf(link);
  await removeTree(next);
  await mkdir(next, { mode: 0o700 });
  const log = await readImageFile(image, `${deploymentId}/${TAG_LOG_FILE}`, MAX_TAG_LOG_BYTES);
  if (log !== undefined) await writeFile(join(next, TAG_LOG_FILE), log, { mode: 0o600 });
  // A directory cannot replace a link in one step. Nothing may run between the two, because the edge reads the log.
  rmSync(link, { force: true });
  renameSync(next, link);
  return link;
}

const nextOf = (link: string): string => join(dirname(link), `.next-${link.slice(dirname(link).length + 1)}`);
