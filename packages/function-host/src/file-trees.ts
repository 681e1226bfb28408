import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree } from '@anchor/core/artifact/tree.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { HostPaths } from './host-paths.ts';
import { createYielder } from './cooperative-yield.ts';
import { parseTree } from './tree-entries.ts';

/**
 * Stores the files of functions on disk: one directory per file tree, shared by every deployment with equal functions.
 */
export type FileTrees = Readonly<{
  /**
   * Returns the directory of a tree, and creates it when absent. It is complete or absent; several processes may call
   * this at once.
   */
  materialize(hash: string): Promise<Result<string>>;
  /** Removes a tree that no function uses. */
  remove(hash: string): Promise<void>;
}>;

export type FileTreePorts = Readonly<{
  blobs: Pick<BlobStore, 'get'>;
  /** The blob's own file, for hard links; without it, or across file systems, bytes are copied. */
  blobFile?: (hash: string) => string;
}>;

const HASH = /^[0-9a-f]{64}$/;
const PARALLEL = 32;
const READABLE = 0o444;

export function createFileTrees(paths: Pick<HostPaths, 'trees'>, ports: FileTreePorts): FileTrees {
  const running = new Map<string, Promise<Result<string>>>();
  return {
    async materialize(hash) {
      if (!HASH.test(hash)) return fail('artifact_invalid', 'The artifact has no function files', 'Deploy again.');
      const directory = join(paths.trees, hash);
      if (await exists(directory)) return ok(directory);
      const same = running.get(hash);
      if (same !== undefined) return same;
      const building = build(paths.trees, directory, hash, ports).finally(() => running.delete(hash));
      running.set(hash, building);
      return building;
    },
    async remove(hash) {
      if (!HASH.test(hash)) return;
      const away = join(paths.trees, `.gone-${randomBytes(8).toString('hex')}`);
      try {
        await rename(join(paths.trees, hash), away); // in one step: a tree is never seen half removed
      } catch {
        return;
      }
      await rm(away, { recursive: true, force: true });
    },
  };
}

async function build(root: string, directory: string, hash: string, ports: FileTreePorts): Promise<Result<string>> {
  const temporary = join(root, `.tmp-${randomBytes(8).toString('hex')}`);
  try {
    const bytes = await ports.blobs.get(hash);
    if (bytes === undefined)
      return fail(
        'artifact_invalid',
        `The function's file list ${hash.slice(0, 12)} is not in the blob store`,
        'Deploy again; clean-up may have removed this artifact.',
      );
    const tree = parseTree(bytes);
    if (!tree.ok) return tree;
    await mkdir(temporary, { recursive: true, mode: 0o755 });
    const written = await write(temporary, tree.value, ports);
    if (!written.ok) return written;
    await rename(temporary, directory).catch(async (cause: unknown) => {
      if (!(await exists(directory))) throw cause; // otherwise another process was first, with the same content
    });
    return ok(directory);
  } catch (cause) {
    return err(
      anchorError(
        'internal',
        "The function's files could not be written",
        'Check the free disk space and the permissions of the data directory.',
        cause instanceof Error ? cause.message : String(cause),
      ),
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Writes a tree. Folders and links are created in this thread, for a moment at a time. In the thread pool, each would
 * take two thread switches for a few microseconds of work, a thousand times, while requests need the same processors.
 */
async function write(root: string, tree: Tree, ports: FileTreePorts): Promise<Result<void>> {
  const yieldIfDue = createYielder();
  const folders = new Set<string>();
  for (const { path } of tree.entries) {
    // One call per folder, from the top: a deep tree takes more steps, but no longer ones.
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) continue;
      await yieldIfDue();
      mkdirSync(join(root, folder), 0o755);
      folders.add(folder);
    }
  }
  const others: Extract<Tree['entries'][number], { blob: string }>[] = [];
  let { blobFile } = ports;
  for (const entry of tree.entries) {
    await yieldIfDue();
    if ('link' in entry) symlinkSync(entry.link, join(root, entry.path));
    else {
      const outcome =
        entry.executable === true || blobFile === undefined
          ? 'copy_instead'
          : linkBlob(blobFile(entry.blob), join(root, entry.path));
      if (outcome !== 'linked') others.push(entry);
      if (outcome === 'linking_unsupported') blobFile = undefined;
    }
  }
  const remaining = others.values();
  let refused: Result<void> = ok(undefined);
  const worker = async (): Promise<void> => {
    for (const entry of remaining) {
      if (!refused.ok) return;
      const placed = await copyBlob(join(root, entry.path), entry.blob, entry.executable === true, ports);
      if (!placed.ok) refused = placed;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return refused;
}

/**
 * Links a blob. `copy_instead`: the blob is missing or has the most links that it may. `linking_unsupported`: no blob
 * can be linked here, such as on another file system.
 */
function linkBlob(file: string, path: string): 'linked' | 'copy_instead' | 'linking_unsupported' {
  try {
    linkSync(file, path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    return code === 'ENOENT' || code === 'EMLINK' ? 'copy_instead' : 'linking_unsupported';
  }
  chmodSync(path, READABLE);
  return 'linked';
}

/** Copies a blob. Executables are always copied, so that the blob keeps its own mode. */
async function copyBlob(
  path: string,
  hash: string,
  executable: boolean,
  { blobs, blobFile }: FileTreePorts,
): Promise<Result<void>> {
  const mode = executable ? 0o555 : READABLE;
  try {
    if (blobFile !== undefined) {
      await copyFile(blobFile(hash), path);
      await chmod(path, mode);
      return ok(undefined);
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
  const bytes = await blobs.get(hash);
  if (bytes === undefined)
    return fail(
      'artifact_invalid',
      `A file of the function (blob ${hash.slice(0, 12)}) is not in the blob store`,
      'Deploy again; clean-up may have removed this artifact.',
    );
  await writeFile(path, bytes, { mode });
  await chmod(path, mode);
  return ok(undefined);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
