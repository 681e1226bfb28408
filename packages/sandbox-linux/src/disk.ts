import { chmodSync, chownSync, mkdirSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { DiskUse } from '@anchor/core/ports/sandbox.ts';
import { run } from './command.ts';
import { namesIn } from './directories.ts';
import { growFileSystem, mountImage } from './disk-image.ts';
import { DiskOwners } from './disk-owners.ts';
import { FIRST_UID, uidOf } from './identity.ts';
import { isMounted, unmount } from './mount-points.ts';
import { hardDisk, softDisk, type OpenedDisk } from './opened-disk.ts';
import { Turns } from './turns.ts';

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const MIN_SIZE_MB = 8;

/**
 * The disks of a directory: ext4 images of a fixed size. They hold caches, so a damaged one is recreated.
 *
 * `durable`: for disks whose content must outlive a crash of the machine. They have a journal, belong to root at the
 * top (with a directory below for each user), release the blocks of deleted files at once, and grow when a larger size
 * is requested.
 */
export class Disks {
  readonly #dir: string;
  readonly #durable: boolean;
  readonly #owners: DiskOwners;
  /** Opening and removing a disk take turns: it must not lose its image while it is being opened. */
  readonly #turns = new Turns();

  /** `owner`: names this process. */
  constructor(dir: string, owner: string, { durable = false }: Readonly<{ durable?: boolean }> = {}) {
    this.#dir = dir;
    this.#durable = durable;
    this.#owners = new DiskOwners(dir, owner);
  }

  /** Errors: `invalid_input`, and `conflict` while the disk is open. */
  open(name: string, identity: string, sizeMb: number): Promise<Result<OpenedDisk>> {
    return this.#turns.run(name, async () => {
      const refused = this.#refuse(name, sizeMb);
      return refused ?? this.#open(name, uidOf(identity), sizeMb);
    });
  }

  /** Deletes a disk. Returns false, and changes nothing, while it is open. */
  remove(name: string): Promise<boolean> {
    return this.#turns.run(name, async () => {
      if (!NAME.test(name) || this.#owners.isBusy(name)) return false;
      await unmount(this.#path(name));
      if (isMounted(this.#path(name))) return false;
      rmSync(this.#image(name), { force: true });
      rmSync(this.#path(name), { recursive: true, force: true });
      this.#owners.release(name);
      return true;
    });
  }

  list(): readonly DiskUse[] {
    const names = namesIn(this.#dir).filter((file) => file.endsWith('.img'));
    return names.flatMap((file) => {
      const name = file.slice(0, -'.img'.length);
      const found = statSync(this.#image(name), { throwIfNoEntry: false });
      if (found === undefined) return [];
      return [{ name, bytes: found.blocks * 512, usedAt: found.mtimeMs, inUse: this.#owners.isBusy(name) }];
    });
  }

  /** Unmounts disks whose owner process has ended. */
  async sweep(): Promise<void> {
    for (const name of namesIn(this.#dir)) {
      if (!NAME.test(name) || !isMounted(this.#path(name)) || this.#owners.isBusy(name)) continue;
      await unmount(this.#path(name));
      this.#owners.release(name);
    }
  }

  #refuse(name: string, sizeMb: number): Result<never> | undefined {
    if (!NAME.test(name))
      return fail(
        'invalid_input',
        `"${name.slice(0, 80)}" is not a name of a disk`,
        'Use 1 to 64 of a–z, 0–9, "_" and "-".',
      );
    if (!Number.isInteger(sizeMb) || sizeMb < MIN_SIZE_MB)
      return fail('invalid_input', `A disk cannot have ${sizeMb} MB`, 'Give a whole number of at least 8 MB.');
    if (this.#owners.isBusy(name))
      return fail('conflict', `The disk ${name} is in use`, 'Close it first, or use another name.');
    return undefined;
  }

  async #open(name: string, uid: number, sizeMb: number): Promise<Result<OpenedDisk>> {
    const path = this.#path(name);
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    this.#owners.take(name);
    await unmount(path);
    mkdirSync(path, { recursive: true });
    const hard = (await mountImage({ file: this.#image(name), sizeMb, durable: this.#durable }, path)) === '';
    if (hard) removeLostAndFound(path);
    if (!this.#durable) await giveTo(path, uid);
    else chmodSync(path, 0o711);
    if (this.#durable && hard) await growFileSystem(path);
    const release = (): void => {
      if (!this.#durable) touch(this.#image(name));
      this.#owners.release(name);
    };
    return ok(hard ? hardDisk(path, release) : softDisk(path, sizeMb, release));
  }

  #image(name: string): string {
    return join(this.#dir, `${name}.img`);
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }
}

/** Gives a disk to a user. Nothing of an earlier user is left. */
const giveTo = async (path: string, uid: number): Promise<void> => {
  const { uid: before } = statSync(path);
  if (before === uid) return;
  if (before >= FIRST_UID) await run(['find', path, '-mindepth', '1', '-delete']);
  chownSync(path, uid, uid);
};

/** Sets the image's modification time, which writes through a loop device do not change. */
const touch = (path: string): void => {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // A directory replaces it where images cannot be mounted.
  }
};

const removeLostAndFound = (path: string): void => {
  try {
    rmdirSync(join(path, 'lost+found'));
  } catch {
    // Removed on an earlier use.
  }
};
