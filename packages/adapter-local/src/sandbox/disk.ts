import { chownSync, closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, readSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Disk } from '@anchor/core/ports/sandbox.ts';
import { run } from './command.ts';
import { ownerLives, uidOf } from './identity.ts';

const MB = 1024 * 1024;
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Disks are ext4 images of a fixed size; what they hold is a cache, so a damaged one is made anew. */
export type Disks = Readonly<{
  open(name: string, identity: string, sizeMb: number): Promise<Result<Disk & { readonly hard: boolean }>>;
  remove(name: string): Promise<void>;
  /** Unmounts what owners left that do not live any more. */
  sweep(): Promise<void>;
}>;

export const createDisks = (dir: string, owner: string): Disks => {
  const image = (name: string): string => join(dir, `${name}.img`);
  const mark = (name: string): string => join(dir, `${name}.owner`);
  const owned = new Set<string>();

  const heldBy = (name: string): string | undefined => {
    try {
      return readFileSync(mark(name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const release = (name: string): void => {
    owned.delete(name);
    rmSync(mark(name), { force: true });
  };
  /** Whether a living process uses the disk. */
  const busy = (name: string): boolean => {
    const holder = heldBy(name);
    return holder === owner ? owned.has(name) : holder !== undefined && ownerLives(holder);
  };

  const mountImage = async (name: string, sizeMb: number): Promise<string> => {
    let problem = '';
    for (const fresh of [!reusable(image(name), sizeMb), true]) {
      problem = fresh ? await makeImage(image(name), sizeMb) : '';
      if (problem !== '') continue;
      const mounted = await run(['mount', '-o', 'loop,nosuid,nodev,noatime', '--', image(name), join(dir, name)]);
      if (mounted.code === 0) return '';
      problem = mounted.stderr.trim();
    }
    return problem;
  };

  return {
    async open(name, identity, sizeMb) {
      if (!NAME.test(name)) return fail('invalid_input', `"${name.slice(0, 80)}" is not a name of a disk`, 'Use 1 to 64 of a–z, 0–9, "_" and "-".');
      if (!Number.isInteger(sizeMb) || sizeMb < 8) return fail('invalid_input', `a disk can not have ${sizeMb} MB`, 'Give a whole number of at least 8 MB.');
      if (busy(name)) return fail('conflict', `the disk ${name} is in use`, 'Close it first, or use another name.');
      const path = join(dir, name);
      const uid = uidOf(identity);
      owned.add(name);
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      writeFileSync(mark(name), owner);
      await unmount(path);
      mkdirSync(path, { recursive: true });
      const problem = await mountImage(name, sizeMb);
      if (problem === '') removeLostAndFound(path);
      const top = statSync(path);
      if (top.uid !== uid) {
        // Nothing of an earlier identity is left to a new one.
        for (const entry of top.uid >= 0x7000_0000 ? ['.'] : []) await run(['find', join(path, entry), '-mindepth', '1', '-delete']);
        chownSync(path, uid, uid);
      }
      return ok(problem === '' ? hardDisk(path, () => release(name)) : softDisk(path, sizeMb, () => release(name)));
    },
    async remove(name) {
      if (!NAME.test(name) || busy(name)) return;
      await unmount(join(dir, name));
      if (isMounted(join(dir, name))) return;
      rmSync(image(name), { force: true });
      rmSync(join(dir, name), { recursive: true, force: true });
      release(name);
    },
    async sweep() {
      const prefix = `${dir}/`;
      for (const path of mountPoints()) {
        const name = path.startsWith(prefix) ? path.slice(prefix.length) : '';
        if (!NAME.test(name) || busy(name)) continue;
        await unmount(path);
        release(name);
      }
    },
  };
};

const hardDisk = (path: string, release: () => void): Disk & { readonly hard: boolean } => {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // Gives the blocks of deleted files back to the machine's disk.
    await run(['fstrim', '--', path]);
    await unmount(path);
    release();
  };
  return {
    path,
    hard: true,
    async free() {
      const { blocks, bfree, bavail, bsize, ffree } = await statfs(path);
      const sizeMb = (blocks * bsize) / MB;
      const freeMb = (bavail * bsize) / MB;
      return { usedMb: Math.ceil(((blocks - bfree) * bsize) / MB), sizeMb: Math.floor(sizeMb), full: freeMb < Math.max(1, sizeMb / 100) || ffree === 0 };
    },
    close: () => (closing ??= close()),
  };
};

/** Where images can not be mounted: a directory whose size is measured, but not bounded. */
export const softDisk = (path: string, sizeMb: number, release: () => void): Disk & { readonly hard: boolean } => ({
  path,
  hard: false,
  async free() {
    const measured = await run(['du', '-sm', '--', path]);
    const usedMb = Number.parseInt(measured.stdout, 10) || 0;
    return { usedMb, sizeMb, full: usedMb >= sizeMb };
  },
  close: async () => release(),
});

const SUPERBLOCK = 1024;
/** Has the right size and was unmounted in order. */
const reusable = (image: string, sizeMb: number): boolean => {
  try {
    if (statSync(image).size !== sizeMb * MB) return false;
    const file = openSync(image, 'r');
    const fields = Buffer.alloc(4);
    readSync(file, fields, 0, 4, SUPERBLOCK + 0x38);
    closeSync(file);
    return fields.readUInt16LE(0) === 0xef53 && fields.readUInt16LE(2) === 1;
  } catch {
    return false;
  }
};

/** Answers what went wrong, or ''. */
const makeImage = async (image: string, sizeMb: number): Promise<string> => {
  rmSync(image, { force: true });
  const file = openSync(image, 'wx', 0o600);
  ftruncateSync(file, sizeMb * MB);
  closeSync(file);
  const made = await run(['mkfs.ext4', '-q', '-F', '-m', '0', '-i', '8192', '-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', '--', image]);
  return made.code === 0 ? '' : made.stderr.trim() || `mkfs.ext4 ended with ${made.code}`;
};

const removeLostAndFound = (path: string): void => {
  try {
    rmdirSync(join(path, 'lost+found'));
  } catch {
    // Removed on an earlier use.
  }
};

/** Mount points as the kernel lists them, with its escapes undone. */
export const mountPoints = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8').split('\n').flatMap((line) => {
    const path = line.split(' ')[4];
    return path === undefined ? [] : [path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))];
  });

const isMounted = (path: string): boolean => mountPoints().includes(path);

/** Unmounts as soon as the last process has let go; after two seconds it detaches what is still in use. */
const unmount = async (path: string): Promise<void> => {
  for (let attempt = 0; isMounted(path); attempt++) {
    const done = await run(['umount', ...(attempt > 40 ? ['-l'] : []), '--', path]);
    if (done.code !== 0) await delay(50);
    if (attempt > 45) return;
  }
};
