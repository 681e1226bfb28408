import { watch, type FSWatcher } from 'node:fs';
import { link, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { Pacer } from './pacer.ts';
import type { SocketDirectory } from './socket-directory.ts';

/** A new socket is published at most this often, however fast the function changes its directory. */
const PUBLISH_MS = 100;

/**
 * The socket of one instance inside its sandbox, and the one that the edge connects to. A function can write to its
 * socket directory, so the file there can be a symbolic link to another function's socket or to the platform's own:
 * connecting by that name would lead requests there. The edge therefore connects to a hard link in a directory that no
 * function sees; hard links never follow symbolic ones.
 */
export class InstanceSocket {
  /** Mounted writable into the sandbox; the function makes `fn.sock` in it. */
  readonly directory: string;
  /** The function's listening socket, seen from outside. */
  readonly inner: string;
  /** The edge's address: a name that the function cannot change. */
  readonly path: string;
  /** Whether what a function can put beside its socket is bounded by a file system of its own. */
  readonly bounded: boolean;
  /** Publishes a socket that the server made again under the same name. */
  readonly #republish: Pacer;
  #watcher: FSWatcher | undefined;
  #inode = 0n;
  #removed = false;

  private constructor(parent: SocketDirectory, instance: string) {
    this.directory = join(parent.directory, instance);
    this.inner = join(this.directory, 'fn.sock');
    this.path = join(parent.directory, `${instance}.sock`);
    this.bounded = parent.bounded;
    this.#republish = new Pacer(async () => {
      this.#watch();
      await this.publish();
    }, PUBLISH_MS);
  }

  static async create(parent: SocketDirectory, instance: string): Promise<InstanceSocket> {
    const socket = new InstanceSocket(parent, instance);
    // The sandbox changes its owner to its user; no other user can pass the directory above.
    await mkdir(socket.directory, { mode: 0o700 });
    return socket;
  }

  /** Publishes the listening socket under its outer name. Refuses anything but a socket. */
  async publish(): Promise<boolean> {
    const next = `${this.path}.next`;
    try {
      await link(this.inner, next);
      const found = await lstat(next, { bigint: true });
      if (!found.isSocket() || found.ino === this.#inode) {
        await rm(next, { force: true });
        return found.ino === this.#inode;
      }
      this.#inode = found.ino;
      await rename(next, this.path);
    } catch {
      return false;
    }
    this.#watch();
    return true;
  }

  /** Writes a file from which the process learns that it is stopped because it is idle. */
  async markIdle(): Promise<void> {
    // The directory is the function's: nothing that it has put there is followed or replaced.
    await writeFile(join(this.directory, 'idle'), '', { flag: 'wx' }).catch(() => undefined);
  }

  /** Returns whether the process recorded that it exited by itself with the code of a kill. */
  async recordsOwnExit(): Promise<boolean> {
    const found = await lstat(join(this.directory, basename(SANDBOX_PATHS.ownExit))).catch(() => undefined);
    return found !== undefined;
  }

  async remove(): Promise<void> {
    this.#removed = true;
    this.#unwatch();
    this.#republish.stop();
    const names = [this.path, `${this.path}.next`, this.directory];
    await Promise.all(names.map((name) => rm(name, { recursive: true, force: true })));
  }

  /**
   * Watches for a new socket, which a server that closes and listens again creates under the same name. One event ends
   * the watch until the next turn: a function that changes its directory without end costs ten turns a second.
   */
  #watch(): void {
    if (this.#watcher !== undefined || this.#removed) return;
    try {
      const watcher = watch(this.directory, { persistent: false }, () => {
        this.#unwatch();
        this.#republish.request();
      });
      watcher.on('error', () => this.#unwatch());
      this.#watcher = watcher;
    } catch {
      // No watches left: such servers are rare.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
