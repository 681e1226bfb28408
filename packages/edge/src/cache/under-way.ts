import type { DeploymentId } from '@anchor/core/names/id.ts';

/** Blocks grow with what has come, so that a long answer costs few of them and a short one little memory. */
const BLOCK_BYTES = { least: 4 * 1024, most: 256 * 1024 };

type Share = { readonly copies: Set<Copy>; bytes: number };

/**
 * The memory for copies of answers that are still passing, in one worker. When it is spent, the deployment that has most
 * gives up the copy that it began first: that answer goes on to its visitor, but is not kept.
 */
export class UnderWay {
  readonly #limit: number;
  readonly #shares = new Map<DeploymentId, Share>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** `largest`: bytes over which the answer is not kept. */
  open(deploymentId: DeploymentId, largest: number): Copy {
    return new Copy(largest, {
      claim: (copy, length) => this.#claim(deploymentId, copy, length),
      free: (copy, length) => this.#free(deploymentId, copy, length),
    });
  }

  /** False when the one who asks has to give up. */
  #claim(deploymentId: DeploymentId, copy: Copy, length: number): boolean {
    while (this.#bytes + length > this.#limit) {
      const victim = this.#firstOfLargest();
      victim?.drop();
      if (victim === undefined || victim === copy) return false;
    }
    let share = this.#shares.get(deploymentId);
    if (share === undefined) this.#shares.set(deploymentId, (share = { copies: new Set(), bytes: 0 }));
    share.copies.add(copy);
    share.bytes += length;
    this.#bytes += length;
    return true;
  }

  #free(deploymentId: DeploymentId, copy: Copy, length: number): void {
    const share = this.#shares.get(deploymentId);
    if (share === undefined || !share.copies.delete(copy)) return;
    share.bytes -= length;
    this.#bytes -= length;
    if (share.copies.size === 0) this.#shares.delete(deploymentId);
  }

  #firstOfLargest(): Copy | undefined {
    let largest: Share | undefined;
    for (const share of this.#shares.values()) if (largest === undefined || share.bytes > largest.bytes) largest = share;
    const [first] = largest?.copies ?? [];
    return first;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

type Memory = Readonly<{ claim(copy: Copy, length: number): boolean; free(copy: Copy, length: number): void }>;

/** The copy of one answer, from its first byte until it is whole or given up. */
export class Copy {
  readonly #largest: number;
  readonly #memory: Memory;
  #blocks: Buffer[] = [];
  /** Of all blocks together. */
  #size = 0;
  #length = 0;
  #open = true;

  constructor(largest: number, memory: Memory) {
    this.#largest = largest;
    this.#memory = memory;
  }

  add(bytes: Buffer): void {
    if (!this.#open) return;
    if (this.#length + bytes.length > this.#largest) return this.drop();
    const last = this.#blocks.at(-1);
    const left = this.#size - this.#length;
    const own = last === undefined || left === 0 ? 0 : bytes.copy(last, last.length - left);
    this.#length += own;
    const rest = bytes.length - own;
    if (rest === 0) return;
    const wanted = Math.max(rest, BLOCK_BYTES.least, Math.min(this.#size, BLOCK_BYTES.most));
    const size = Math.min(wanted, this.#largest - this.#length);
    if (!this.#memory.claim(this, size)) return this.drop();
    // Memory of its own: a piece of the shared pool, or of what came from the function, would keep all of it.
    const block = Buffer.allocUnsafeSlow(size);
    bytes.copy(block, 0, own);
    this.#blocks.push(block);
    this.#size += size;
    this.#length += rest;
  }

  /** The answer has come whole: its bytes, which are the caller's from now on. Undefined when it was given up. */
  take(): Buffer | undefined {
    if (!this.#open) return undefined;
    const [first] = this.#blocks;
    const whole = first?.length === this.#length ? first : Buffer.allocUnsafeSlow(this.#length);
    let at = 0;
    if (whole !== first) for (const block of this.#blocks) at += block.copy(whole, at, 0, this.#length - at);
    this.drop();
    return whole;
  }

  /** Gives its memory back; what still comes is not copied. */
  drop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#blocks = [];
    this.#memory.free(this, this.#size);
  }
}
