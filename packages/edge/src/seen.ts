/**
 * Whether a text was there before, lately: texts that come once must cost nothing that lasts. Two generations, the older
 * one forgotten whole when the younger is full.
 */
export class Seen {
  readonly #limit: number;
  #young = new Set<string>();
  #old = new Set<string>();
  #bytes = 0;

  /** `limitBytes`: of the texts of one generation. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  before(text: string): boolean {
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
