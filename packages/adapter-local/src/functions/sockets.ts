import { watch, type FSWatcher } from 'node:fs';
import { link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Paths } from '../paths.ts';

/** The longest path that a unix socket address holds on Linux. */
const MAX_SOCKET_PATH = 107;

/** Where one instance listens, and where the edge connects. */
export type InstanceSocket = Readonly<{
  /** Mounted writable into the sandbox; the function makes `fn.sock` in it. */
  directory: string;
  /** What the function listens on, seen from outside. */
  inner: string;
  /** The edge's address: a name that the function can not change. */
  path: string;
  /** Gives the listening socket its outer name. Refuses anything but a socket. */
  publish(): Promise<boolean>;
  remove(): Promise<void>;
}>;

/**
 * A function can write to its socket directory, so what stands there can be a symbolic link to another function's
 * socket or to the platform's own: connecting by that name would lead visitors' requests there. The edge therefore
 * connects to a hard link in a directory that no function sees; hard links never follow symbolic ones.
 */
export async function createInstanceSocket(paths: Pick<Paths, 'run'>, instance: string): Promise<InstanceSocket> {
  const root = join(paths.run, 'fn');
  const directory = join(root, instance);
  const inner = join(directory, 'fn.sock');
  const path = join(root, `${instance}.sock`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await mkdir(directory, { mode: 0o700 }); // the sandbox gives it to its user; nobody else passes the directory above
  let watcher: FSWatcher | undefined;
  let inode = 0n;

  async function publish(): Promise<boolean> {
    const next = `${path}.next`;
    try {
      await link(inner, next);
      const { ino } = await lstat(next, { bigint: true });
      if (!(await lstat(next)).isSocket() || ino === inode) {
        await rm(next, { force: true });
        return ino === inode;
      }
      inode = ino;
      await rename(next, path);
    } catch {
      return false;
    }
    // A server that closes and listens again makes a new socket under the same name.
    if (watcher === undefined) {
      try {
        watcher = watch(directory, () => void publish());
        watcher.on('error', () => watcher?.close());
        watcher.unref();
      } catch {
        // No watches left: such servers are rare.
      }
    }
    return true;
  }

  return {
    directory, inner, path, publish,
    async remove() {
      watcher?.close();
      await Promise.all([path, `${path}.next`, directory].map((name) => rm(name, { recursive: true, force: true })));
    },
  };
}

/** Removes what an earlier host left, and checks that addresses fit. */
export async function cleanSockets(paths: Pick<Paths, 'run'>): Promise<Result<void>> {
  const root = join(paths.run, 'fn');
  const longest = join(root, 'fn-0123456789', 'fn.sock');
  if (Buffer.byteLength(longest) > MAX_SOCKET_PATH) {
    return fail('unsupported', 'The data directory has too long a name for sockets', `Choose a data directory of at most ${MAX_SOCKET_PATH - Buffer.byteLength(longest) + Buffer.byteLength(paths.run) - 4} characters with --data.`, longest);
  }
  for (const name of await readdir(root).catch(() => [])) await rm(join(root, name), { recursive: true, force: true });
  return ok(undefined);
}
