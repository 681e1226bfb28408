import { closeSync, ftruncateSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './command.ts';
import { namesIn } from './directories.ts';

const MB = 1024 * 1024;
/**
 * Exit codes of e2fsck(8): from the first on the file system has faults that stay, from the second on nothing was
 * checked.
 */
const [UNREPAIRED, NOT_CHECKED] = [4, 16];
const SUPERBLOCK = 1024;

/** An ext4 image in a file. */
export type DiskImage = Readonly<{
  file: string;
  sizeMb: number;
  /** For content that must outlive a crash of the machine: it has a journal, and is repaired before it is recreated. */
  durable: boolean;
}>;

/**
 * Mounts an image at a directory, and creates it where it is missing or damaged. Returns the error text, '' on success.
 */
export const mountImage = async ({ file, sizeMb, durable }: DiskImage, path: string): Promise<string> => {
  const options = `loop,nosuid,nodev,noatime${durable ? ',discard' : ''}`;
  const mount = async (): Promise<string> => {
    const mounted = await run(['mount', '-o', options, '--', file, path]);
    return mounted.code === 0 ? '' : mounted.stderr.trim() || `mount ended with ${mounted.code}`;
  };
  await detached(file);
  if (durable ? grown(file, sizeMb) : reusable(file, sizeMb)) {
    const problem = await mount();
    if (problem === '') return '';
    if (durable) {
      const { code } = await run(['e2fsck', '-f', '-p', '--', file]);
      // Whole, or not checked: the machine is out of loop devices, or of processes, and has them back in a moment.
      if (code < UNREPAIRED || code >= NOT_CHECKED) return mount();
    }
  }
  const problem = await makeImage(file, sizeMb, durable);
  return problem === '' ? mount() : problem;
};

/** Grows the file system to the size of its image. A failure does no harm. */
export const growFileSystem = async (path: string): Promise<void> => {
  const device = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, to]) => to === path)?.[0];
  if (device !== undefined) await run(['resize2fs', '--', device]);
};

/** Returns whether the image has the right size and was unmounted cleanly. */
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

/** Extends an existing image to at least this size. Returns whether there is one. */
const grown = (image: string, sizeMb: number): boolean => {
  try {
    const file = openSync(image, 'r+');
    try {
      const magic = Buffer.alloc(2);
      readSync(file, magic, 0, 2, SUPERBLOCK + 0x38);
      if (magic.readUInt16LE(0) !== 0xef53) return false;
      if (statSync(image).size < sizeMb * MB) ftruncateSync(file, sizeMb * MB);
      return true;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
};

/** Creates the image's file system. Returns the error text, '' on success. */
const makeImage = async (image: string, sizeMb: number, durable: boolean): Promise<string> => {
  rmSync(image, { force: true });
  const file = openSync(image, 'wx', 0o600);
  ftruncateSync(file, sizeMb * MB);
  closeSync(file);
  const made = await run([
    'mkfs.ext4',
    '-q',
    '-F',
    '-m',
    '0',
    '-i',
    '8192',
    ...(durable ? ['-J', 'size=4'] : ['-O', '^has_journal']),
    '-E',
    'lazy_itable_init=1,nodiscard',
    '--',
    image,
  ]);
  return made.code === 0 ? '' : made.stderr.trim() || `mkfs.ext4 ended with ${made.code}`;
};

/**
 * Waits until no loop device holds the image any more. The mount namespace of another new sandbox has a copy of our
 * mount until it releases the old root. Before that the file system is not clean, and would be recreated.
 */
const detached = async (image: string): Promise<void> => {
  for (let waited = 0; waited < DETACH_MS && isAttached(image); waited += 50) await delay(50);
};
const DETACH_MS = 10_000;

const isAttached = (image: string): boolean => {
  for (const device of namesIn('/sys/block')) {
    if (!device.startsWith('loop')) continue;
    try {
      if (readFileSync(`/sys/block/${device}/loop/backing_file`, 'utf8').trimEnd() === image) return true;
    } catch {
      // Not in use, or released at this moment.
    }
  }
  return false;
};
