/** Tracks what a client may still send, on one stream or on the whole connection. */
export class ReceiveWindow {
  readonly #size: number;
  /** How much may arrive. */
  #left: number;
  /** Read since the client was told last. */
  #read = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Takes received bytes. Returns false when the client was not allowed to send them. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Counts bytes as read. Returns by how much the window is to be opened: 0 until that is worth a frame. */
  release(bytes: number): number {
    this.#read += bytes;
    if (this.#read * 2 < this.#size) return 0;
    const increment = this.#read;
    this.#read = 0;
    this.#left += increment;
    return increment;
  }
}
