import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import { Disks } from '@anchor/sandbox-linux/disk.ts';
import { ownerOf } from '@anchor/sandbox-linux/identity.ts';
import { Turns } from '@anchor/sandbox-linux/turns.ts';
import { cacheOnDisk, cacheWithoutDisk } from './deployment-caches.ts';
import { freeMb } from './disk-space.ts';
import type { HostPaths } from './host-paths.ts';
import { MountedDisk, type DiskUser } from './mounted-disk.ts';
import type { FunctionHostSettings } from './settings.ts';
import { SocketDirectories, type SocketDirectory } from './socket-directory.ts';

type Settings = Pick<FunctionHostSettings, 'cacheMb' | 'reserveMb' | 'diskLookMs'>;
/** `enforced`: it is on the project's disk; otherwise its size must be measured. */
type Cache = Readonly<{ cache: string; enforced: boolean }>;

/** Part of the machine's free disk that one project's disk may take when it is created, and its least size. */
const SHARE = 1 / 4;
const SMALLEST_MB = 32;
/** Below the reserve, a project that has written less than this since is not stopped: something else fills the disk. */
const GROWTH_MB = 16;
/** The interval at which disks of removed projects are searched, and how many are closed at once. */
const GONE_MS = 10 * 60_000;
const CLOSED_AT_ONCE = 8;
/** Between two attempts to mount a disk. Instances that were planned without it have started by then. */
const REMOUNT_MS = 60_000;

/**
 * Bounds what the functions of one project may write to the machine's disk: an image of a fixed size, mounted once per
 * project, with a directory per deployment. At the limit a function gets ENOSPC; the oldest cached files are then
 * removed. Below the reserve of the machine's own disk, all are trimmed, and the functions of the project that grew
 * most are stopped.
 */
export class ProjectDisks {
  readonly #paths: HostPaths;
  readonly #disks: Pick<Disks, 'open' | 'remove'>;
  readonly #now: () => number;
  readonly #settings: Settings;
  readonly #sockets: SocketDirectories;
  readonly #mounted = new Map<ProjectId, Promise<MountedDisk | undefined>>();
  /** Projects whose disk could not be mounted: the instances that run without it, and when mounting is retried. */
  readonly #unmounted = new Map<ProjectId, { users: Set<DiskUser>; retryAt: number }>();
  /** A deployment is prepared for its verification and for the first request at the same time. */
  readonly #turns = new Turns();
  readonly #checks: NodeJS.Timeout;
  #gone: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    paths: HostPaths,
    settings: Settings,
    options: Readonly<{ disks?: Pick<Disks, 'open' | 'remove'>; now?: () => number }> = {},
  ) {
    const owner = ownerOf(process.pid) ?? `${process.pid}-0`;
    this.#paths = paths;
    this.#settings = settings;
    this.#sockets = new SocketDirectories(paths);
    this.#now = options.now ?? ((): number => performance.now());
    this.#disks = options.disks ?? new Disks(paths.functionDisks, owner, { durable: true });
    this.#checks = setInterval(() => void this.#check().catch(() => undefined), settings.diskLookMs).unref();
  }

  /**
   * Returns the cache directory of a deployment: on the project's disk, or where images cannot be mounted, beside it.
   */
  cacheOf(projectId: ProjectId, deploymentId: DeploymentId): Promise<Cache> {
    return this.#turns.run(deploymentId, async () => {
      const disk = await this.#open(projectId);
      const link = this.#paths.deploymentCache(deploymentId);
      if (disk !== undefined) return { cache: await cacheOnDisk(disk, deploymentId, link), enforced: true };
      this.#withoutDisk(projectId).retryAt = this.#now() + REMOUNT_MS;
      const image = join(this.#paths.functionDisks, `${projectId}.img`);
      return { cache: await cacheWithoutDisk(image, deploymentId, link), enforced: false };
    });
  }

  /** Returns the directory for the sockets of its instances. */
  socketsOf(projectId: ProjectId): Promise<SocketDirectory> {
    return this.#sockets.of(projectId);
  }

  /**
   * Watches the project's disk for an instance, until the returned function is called. `enforced`: as `cacheOf`
   * reported. An instance without the disk prevents it from being mounted, which would remove the directory that the
   * instance writes to.
   */
  async use(projectId: ProjectId, user: DiskUser, enforced = true): Promise<() => void> {
    const users = enforced ? (await this.#open(projectId))?.users : this.#withoutDisk(projectId).users;
    users?.add(user);
    return () => void users?.delete(user);
  }

  /** Mounts every disk, so that the edge finds which tags were invalidated. Removes those of removed projects. */
  async openAll(exists: (projectId: ProjectId) => Promise<boolean>): Promise<void> {
    for (const name of await readdir(this.#paths.functionDisks).catch(() => [])) {
      if (this.#closed) return;
      if (!name.endsWith('.img')) continue;
      const projectId = name.slice(0, -'.img'.length) as ProjectId;
      if (await exists(projectId).catch(() => true)) await this.#open(projectId);
      // Removing fails, for example, on a disk that is read-only.
      else if (!this.#mounted.has(projectId)) await this.#disks.remove(projectId).catch(() => false);
    }
    if (!this.#closed)
      this.#gone = setInterval(() => void this.removeGone(exists).catch(() => undefined), GONE_MS).unref();
  }

  /** Removes what removed projects have left: an image and its mount, and the mount for their sockets. */
  async removeGone(exists: (projectId: ProjectId) => Promise<boolean>): Promise<void> {
    const known = new Set([...this.#mounted.keys(), ...this.#unmounted.keys(), ...this.#sockets.projects()]);
    for (const projectId of known) {
      const disk = await this.#mounted.get(projectId);
      const users = (disk ?? this.#unmounted.get(projectId))?.users.size ?? 0;
      if (this.#closed || users > 0 || (await exists(projectId).catch(() => true))) continue;
      await this.#sockets.close(projectId);
      await disk?.close();
      this.#mounted.delete(projectId);
      this.#unmounted.delete(projectId);
      await this.#disks.remove(projectId);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#checks);
    clearInterval(this.#gone);
    const mounted = [...this.#mounted.values()];
    const closeNext = async (): Promise<void> => {
      for (let disk = mounted.pop(); disk !== undefined; disk = mounted.pop()) await (await disk)?.close();
    };
    await Promise.all(Array.from({ length: CLOSED_AT_ONCE }, closeNext));
    this.#mounted.clear();
    for (const projectId of this.#sockets.projects()) await this.#sockets.close(projectId);
  }

  #withoutDisk(projectId: ProjectId): { users: Set<DiskUser>; retryAt: number } {
    const known = this.#unmounted.get(projectId);
    if (known !== undefined) return known;
    const unmounted = { users: new Set<DiskUser>(), retryAt: this.#now() + REMOUNT_MS };
    this.#unmounted.set(projectId, unmounted);
    return unmounted;
  }

  #open(projectId: ProjectId): Promise<MountedDisk | undefined> {
    const unmounted = this.#unmounted.get(projectId);
    if (unmounted !== undefined && (unmounted.users.size > 0 || this.#now() < unmounted.retryAt))
      return Promise.resolve(undefined);
    const known = this.#mounted.get(projectId);
    if (known !== undefined) return known;
    const mounting = this.#mount(projectId)
      .catch(() => undefined)
      .then((disk) => {
        if (disk !== undefined) this.#unmounted.delete(projectId);
        else {
          // The machine may have been out of loop devices for a moment.
          this.#mounted.delete(projectId);
          this.#withoutDisk(projectId).retryAt = this.#now() + REMOUNT_MS;
        }
        return disk;
      });
    this.#mounted.set(projectId, mounting);
    return mounting;
  }

  async #mount(projectId: ProjectId): Promise<MountedDisk | undefined> {
    if (this.#closed) return undefined;
    const free = Math.floor((freeMb(this.#paths.data) - this.#settings.reserveMb) * SHARE);
    const size = Math.max(SMALLEST_MB, Math.min(this.#settings.cacheMb, free));
    const opened = await this.#disks.open(projectId, projectId, size);
    if (!opened.ok) return undefined;
    if (opened.value.hard) return new MountedDisk(projectId, opened.value);
    await opened.value.close(); // or it would count as in use, and never be mounted
    return undefined;
  }

  async #check(): Promise<void> {
    const reserved = freeMb(this.#paths.data) < this.#settings.reserveMb;
    let most: MountedDisk | undefined;
    let growth = GROWTH_MB;
    for (const disk of await Promise.all(this.#mounted.values())) {
      const grown = disk?.check(reserved, SMALLEST_MB) ?? 0;
      if (grown > growth) [most, growth] = [disk, grown];
    }
    if (!reserved || most === undefined) return;
    for (const user of most.users) {
      user.note(`stopped: the disk of the machine is almost full, and this project wrote most of it`);
      user.stop();
    }
  }
}
