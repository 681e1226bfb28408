import type { DiskUse, Sandboxes } from '@anchor/core/ports/sandbox.ts';

/** Disks that were removed, or would be, and what they took of the machine. */
export type RemovedDisks = Readonly<{ names: readonly string[]; bytes: number }>;

type Disks = Pick<Sandboxes, 'listDisks' | 'removeDisk'>;

/**
 * Manages the disks of all projects' builds between builds. They hold caches: a project whose disk was removed builds
 * once without them. A disk that a build uses is never removed.
 */
export class BuildDisks {
  readonly #disks: Disks;
  readonly #limitBytes: number;
  #turn: Promise<unknown> = Promise.resolve();

  /** Creates the disks. `limitBytes`: what all disks together may take while they are idle. */
  constructor(disks: Disks, limitBytes: number) {
    this.#disks = disks;
    this.#limitBytes = limitBytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  list(): Promise<readonly DiskUse[]> {
    return this.#disks.listDisks();
  }

  /** Removes disks, least recently used first, until all together are within the limit (0: all that are idle). */
  trim(options: Readonly<{ dryRun?: boolean; limitBytes?: number }> = {}): Promise<RemovedDisks> {
    const limit = options.limitBytes ?? this.#limitBytes;
    return this.#serialize(async () => {
      const disks = await this.list();
      return this.#remove(selectEvictions(disks, sum(disks) - limit), options.dryRun === true);
    });
  }

  /** Removes disks, least recently used first, until `bytes` are freed. */
  freeSpace(bytes: number): Promise<RemovedDisks> {
    return this.#serialize(async () => this.#remove(selectEvictions(await this.list(), bytes), false));
  }

  async #remove(disks: readonly DiskUse[], dryRun: boolean): Promise<RemovedDisks> {
    const gone: DiskUse[] = [];
    for (const disk of disks) if (dryRun || (await this.#disks.removeDisk(disk.name))) gone.push(disk);
    return { names: gone.map(({ name }) => name), bytes: sum(gone) };
  }

  /** Serializes removals: two at once would each count the same disk as freed. */
  #serialize<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act, act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** Returns the idle disks to remove, least recently used first, so that at least `bytes` become free. */
function selectEvictions(disks: readonly DiskUse[], bytes: number): readonly DiskUse[] {
  const chosen: DiskUse[] = [];
  let left = bytes;
  for (const disk of disks.filter(({ inUse }) => !inUse).sort((a, b) => a.usedAt - b.usedAt)) {
    if (left <= 0) break;
    chosen.push(disk);
    left -= disk.bytes;
  }
  return chosen;
}

const sum = (disks: readonly DiskUse[]): number => disks.reduce((total, { bytes }) => total + bytes, 0);
