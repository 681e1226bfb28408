import type { DeploymentId } from '@anchor/core/names/id.ts';

/** Blocks grow with the response, so that a long one costs few of them and a short one little memory. */
const BLOCK_BYTES = { least: 4 * 1024, most: 256 * 1024 };

type Share = { readonly buffers: Set<CaptureBuffer>; bytes: number };

/**
 * Bounds the memory of one worker for copies of responses that are still streaming. When it is spent, the deployment
 * that has most loses its oldest copy: that response still reaches its visitor, but is not cached.
 */
export class CaptureBuffers {
  readonly #limit: number;
  readonly #shares = new Map<DeploymentId, Share>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Opens a buffer. A response of more than `largest` bytes is not cached. */
  open(deploymentId: DeploymentId, largest: number): CaptureBuffer {
    return new CaptureBuffer(largest, {
      reserve: (buffer, length) => this.#reserve(deploymentId, buffer, length),
      release: (buffer, length) => this.#release(deploymentId, buffer, length),
    });
  }

  /** Reserves bytes, at the cost of a victim where needed. False when the caller itself is the victim. */
  #reserve(deploymentId: DeploymentId, buffer: CaptureBuffer, length: number): boolean {
    while (this.#bytes + length > this.#limit) {
      const victim = this.#pickVictim();
      victim?.drop();
      if (victim === undefined || victim === buffer) return false;
    }
    let share = this.#shares.get(deploymentId);
    if (share === undefined) this.#shares.set(deploymentId, (share = { buffers: new Set(), bytes: 0 }));
    share.buffers.add(buffer);
    share.bytes += length;
    this.#bytes += length;
    return true;
  }

  #release(deploymentId: DeploymentId, buffer: CaptureBuffer, length: number): void {
    const share = this.#shares.get(deploymentId);
    if (share === undefined || !share.buffers.delete(buffer)) return;
    share.bytes -= length;
    this.#bytes -= length;
    if (share.buffers.size === 0) this.#shares.delete(deploymentId);
  }

  #pickVictim(): CaptureBuffer | undefined {
    let largest: Share | undefined;
    for (const share of this.#shares.values())
      if (largest === undefined || share.bytes > largest.bytes) largest = share;
    const [first] = largest?.buffers ?? [];
    return first;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

type BufferBudget = Readonly<{
  reserve(buffer: CaptureBuffer, length: number): boolean;
  release(buffer: CaptureBuffer, length: number): void;
}>;

/** Copies one response, from its first byte until it is complete or given up. */
export class CaptureBuffer {
  readonly #largest: number;
  readonly #memory: BufferBudget;
  #blocks: Buffer[] = [];
  /** Bytes in all blocks. */
  #size = 0;
  #length = 0;
  #open = true;

  constructor(largest: number, memory: BufferBudget) {
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
    if (!this.#memory.reserve(this, size)) return this.drop();
    // Own memory: a slice of the shared pool, or of the received buffer, would retain all of it.
    const block = Buffer.allocUnsafeSlow(size);
    bytes.copy(block, 0, own);
    this.#blocks.push(block);
    this.#size += size;
    this.#length += rest;
  }

  /**
   * Returns the bytes of the whole response, which belong to the caller from now on. Undefined when it was given up.
   */
  take(): Buffer | undefined {
    if (!this.#open) return undefined;
    const [first] = this.#blocks;
    const whole = first?.length === this.#length ? first : Buffer.allocUnsafeSlow(this.#length);
    let at = 0;
    if (whole !== first) for (const block of this.#blocks) at += block.copy(whole, at, 0, this.#length - at);
    this.drop();
    return whole;
  }

  /** Releases the memory; later bytes are not copied. */
  drop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#blocks = [];
    this.#memory.release(this, this.#size);
  }
}
