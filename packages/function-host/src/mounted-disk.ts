import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { Disk } from '@anchor/core/ports/sandbox.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { TAG_LOG_FILE } from '@anchor/protocol/tag-invalidations.ts';
import { uidOf } from '@anchor/sandbox-linux/identity.ts';
import { sizeMb, spaceUse, type DiskSpaceUse } from './disk-space.ts';
import { removeOlder } from './remove-older.ts';

/** An instance that can write to its project's disk. */
export type DiskUser = Readonly<{
  deploymentId: DeploymentId;
  /** Writes a line in its run log. */
  note(text: string): void;
  /** Ends it: the machine's own disk is about to be full. */
  stop(): void;
}>;

/** A disk counts as full from here on, and is trimmed to here. */
const [FULL, TRIMMED] = [0.95, 0.75];
/** Files are removed oldest first: unused for a day, an hour, ten minutes, one. */
const AGES_MINUTES = [1_440, 60, 10, 1, 0];
/** Between two removals from one disk: a function that fills it again at once costs its project, not the machine. */
const PAUSE_MS = 10_000;

/** The mounted disk of one project, with a directory per deployment. */
export class MountedDisk {
  readonly #projectId: ProjectId;
  readonly #disk: Disk;
  readonly users = new Set<DiskUser>();
  /** What was used before the machine's own disk was almost full, in MiB. */
  #baseMb: number;
  #trimmedAt = -Infinity;
  #trimming: Promise<void> | undefined;

  constructor(projectId: ProjectId, disk: Disk) {
    this.#projectId = projectId;
    this.#disk = disk;
    this.#baseMb = spaceUse(disk.path).usedMb;
  }

  /** Returns the directory of a deployment. The sandbox gives it to its user. */
  async directoryOf(deploymentId: DeploymentId): Promise<string> {
    const directory = join(this.#disk.path, deploymentId);
    await this.trimIfFull(() => makeDirectory(directory));
    return directory;
  }

  /** Runs a write, and once more after a trim when it fails. */
  async trimIfFull(write: () => Promise<void>): Promise<void> {
    await write().catch(async () => {
      await this.trim(false);
      await write();
    });
  }

  /**
   * Trims the disk when it is full, or with `reserved` when it is larger than `smallestMb`. Returns by how much it has
   * grown since the machine's own disk was almost full, in MiB.
   */
  check(reserved: boolean, smallestMb: number): number {
    const use = this.#use();
    if (use === undefined) return 0;
    // Files from before the machine's disk was almost full do not fill it further.
    this.#baseMb = reserved ? Math.min(this.#baseMb, use.usedMb) : use.usedMb;
    if ((use.part >= FULL && this.users.size > 0) || (reserved && use.usedMb > smallestMb)) void this.trim(reserved);
    return use.usedMb - this.#baseMb;
  }

  /** Removes old cached files; with `reserved` all. Never rejects: a disk that fails is its project's. */
  trim(reserved: boolean): Promise<void> {
    if (this.#trimming !== undefined) return this.#trimming;
    if (performance.now() - this.#trimmedAt < PAUSE_MS) return Promise.resolve();
    this.#trimming = this.#removeOld(reserved)
      .catch(() => undefined)
      .finally(() => {
        this.#trimming = undefined;
        this.#trimmedAt = performance.now();
      });
    return this.#trimming;
  }

  close(): Promise<void> {
    return this.#disk.close();
  }

  /** Returns undefined for a disk that fails. */
  #use(): DiskSpaceUse | undefined {
    try {
      return spaceUse(this.#disk.path);
    } catch {
      return undefined;
    }
  }

  /** The log of invalidated tags outlives every removal: without it pages of the build would be served again. */
  async #removeOld(reserved: boolean): Promise<void> {
    const { path } = this.#disk;
    const why = reserved
      ? "The machine's disk is almost full"
      : `The project's disk for what functions write is full (${sizeMb(path)} MB): writes fail with ENOSPC`;
    for (const user of this.users) user.note(`${why}. The oldest files in caches are removed`);
    const part = reserved ? 0 : TRIMMED;
    const enough = (): boolean => spaceUse(path).part < part;
    const live = new Set<string>([...this.users].map(({ deploymentId }) => deploymentId));
    const names = (await readdir(path)).filter((name) => !name.startsWith('.'));
    const uid = uidOf(this.#projectId);
    for (const name of names)
      if (!live.has(name) && !enough()) await removeOlder(join(path, name), uid, 0, TAG_LOG_FILE);
    for (const minutes of AGES_MINUTES)
      for (const name of names)
        if (live.has(name) && !enough()) await removeOlder(join(path, name), uid, minutes, TAG_LOG_FILE);
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  }
}
