/**
 * Implements an admission filter: returns whether a text was seen recently, so that texts that come once cost nothing
 * lasting. Has two generations; the older one is dropped when the younger is full.
 */
export class Doorkeeper {
  readonly #limit: number;
  #young = new Set<string>();
  #old = new Set<string>();
  #bytes = 0;

  /** Creates the filter. `limitBytes`: of the texts of one generation. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  seenBefore(text: string): boolean {
    if (this.#young.has(text) || this.#old.has(text)) return true;
    if (this.#bytes + text.length > this.#limit) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#bytes = 0;
    }
    this.#young.add(text);
    this.#bytes += text.length;
    return false;
  }

  get count(): number {
    return this.#young.size + this.#old.size;
  }
}
