/** Threads of Node's pool (four) that may compress at once: files are read by the others. */
const AT_ONCE = 3;
/** Limit of compressed responses in flight, per project and in total: about a megabyte each. */
const OPEN_EACH = 64;
const OPEN = 256;
/** Limit per project of compressions that wait for the thread; beyond it, responses are sent uncompressed. */
const MAX_QUEUED = 32;

type Work = (done: () => void) => void;
type Share = { open: number; running: boolean; queue: Work[] };

/** Schedules compression: one project has one thread at a time, so that none takes the pool from the others. */
export class CompressorSlots {
  readonly #shares = new Map<string, Share>();
  #open = 0;
  #running = 0;

  /** Reserves a slot for one more response of the project. Returns false when it is to be sent uncompressed. */
  enter(owner: string): boolean {
    const share = this.#shares.get(owner) ?? { open: 0, running: false, queue: [] };
    if (this.#open >= OPEN || share.open >= OPEN_EACH || share.queue.length >= MAX_QUEUED) return false;
    share.open++;
    this.#open++;
    this.#shares.set(owner, share);
    return true;
  }

  leave(owner: string): void {
    const share = this.#shares.get(owner);
    if (share === undefined) return;
    this.#open--;
    if (--share.open === 0 && !share.running && share.queue.length === 0) this.#shares.delete(owner);
  }

  /** Calls `work` when it is the project's turn; its `done` passes the turn to the next. */
  take(owner: string, work: Work): void {
    const share = this.#shares.get(owner);
    if (share === undefined) return;
    share.queue.push(work);
    this.#next();
  }

  #next(): void {
    for (const [owner, share] of this.#shares) {
      if (this.#running >= AT_ONCE) return;
      if (share.running) continue;
      const work = share.queue.shift();
      if (work === undefined) continue;
      share.running = true;
      this.#running++;
      // To the end of the line.
      this.#shares.delete(owner);
      this.#shares.set(owner, share);
      work(() => {
        share.running = false;
        this.#running--;
        if (share.open === 0 && share.queue.length === 0 && this.#shares.get(owner) === share)
          this.#shares.delete(owner);
        this.#next();
      });
    }
  }

  get open(): number {
    return this.#open;
  }
}
