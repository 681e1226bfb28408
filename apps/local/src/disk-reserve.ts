import { spawn } from 'node:child_process';
import { rmSync, statfsSync, statSync, type StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

const MB = 1_048_576;
/** Below this much free space the reserve is released: enough for the database's log to grow by a few commits. */
const FULL_BYTES = 24 * MB;
/** Of the whole disk at most, so that a small disk is not taken up by it. */
const MAX_SHARE = 0.02;
const LOOK_MS = 1_000;
/** After the reserve could not be made. */
const PAUSE_MS = 60_000;

export type Space = Readonly<{ freeBytes: number; totalBytes: number }>;
export type ReserveOptions = Readonly<{
  data: string;
  megabytes: number;
  /** Space that stays free otherwise before the reserve is created again. */
  keepFreeMb: number;
  report: (line: string) => void;
  space?: (directory: string) => Space;
  everyMs?: number;
}>;

/**
 * Reserves space that nothing else can take: a file beside the data that is removed when the disk is full, so that the
 * control plane can still write, start, and clean up. Recreated once space is free. Never throws.
 */
export class DiskReserve {
  readonly #file: string;
  readonly #options: ReserveOptions;
  #timer: NodeJS.Timeout | undefined;
  #making = false;
  #nextAt = -Infinity;
  /** At the first look, before a start, a full disk counts as it is. */
  #freeBefore = 0;

  constructor(options: ReserveOptions) {
    this.#options = options;
    this.#file = join(options.data, 'reserve');
  }

  /** Releases the reserve when the disk is full, before anything else starts. */
  open(): void {
    this.#take(() => (this.#options.space ?? spaceOf)(this.#options.data));
    this.#timer = setInterval(() => void this.#look(), this.#options.everyMs ?? LOOK_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Checks the disk off this thread: a disk that hangs must not hang the supervisor. */
  async #look(): Promise<void> {
    const { space, data } = this.#options;
    try {
      const found = space === undefined ? toSpace(await statfs(data)) : space(data);
      this.#take(() => found);
    } catch {
      // Checked again in a moment.
    }
  }

  #take(space: () => Space): void {
    try {
      const { freeBytes, totalBytes } = space();
      this.#decide(freeBytes, totalBytes);
    } catch {
      // Without figures nothing is changed.
    }
  }

  #decide(freeBytes: number, totalBytes: number): void {
    const wanted = Math.min(this.#options.megabytes * MB, Math.floor(totalBytes * MAX_SHARE));
    const held = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    // While something still fills the disk it would take the reserve as well: it is released once that has stopped.
    const falling = freeBytes < this.#freeBefore;
    this.#freeBefore = freeBytes;
    if (freeBytes < FULL_BYTES && held > 0 && !falling && !this.#making) {
      rmSync(this.#file, { force: true });
      this.#options.report(
        `the disk is full (${Math.floor(freeBytes / MB)} MB free): the reserve of ${Math.floor(held / MB)} MB was released to the control plane. Free disk space: anchor gc`,
      );
    } else if (held === 0 && wanted >= MB && freeBytes > wanted + this.#options.keepFreeMb * MB) this.#make(wanted);
  }

  #make(bytes: number): void {
    if (this.#making || performance.now() < this.#nextAt) return;
    this.#making = true;
    // `-x`: written where the file system cannot set space aside.
    const child = spawn('fallocate', ['-x', '-l', String(bytes), this.#file], { stdio: 'ignore' });
    const done = (well: boolean): void => {
      this.#making = false;
      if (well) return;
      this.#nextAt = performance.now() + PAUSE_MS;
      rmSync(this.#file, { force: true });
    };
    child.once('error', () => done(false));
    child.once('exit', (code) => done(code === 0));
  }
}

const spaceOf = (directory: string): Space => toSpace(statfsSync(directory));
const toSpace = ({ bavail, bsize, blocks }: StatsFs): Space => ({
  freeBytes: bavail * bsize,
  totalBytes: blocks * bsize,
});
