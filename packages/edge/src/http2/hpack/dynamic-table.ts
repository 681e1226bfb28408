import type { Field } from './field.ts';

/** Holds the fields that a client's encoder has defined (RFC 7541, 2.3.2). The newest has index 0. */
export class DynamicTable {
  /** The newest field is the last. Fields before `#first` are evicted. */
  #fields: Field[] = [];
  #first = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#fields.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(index: number): Field | undefined {
    return index < this.count ? this.#fields[this.#fields.length - 1 - index] : undefined;
  }

  /** Adds a field. One that is larger than the table empties it (RFC 7541, 4.4). */
  add(field: Field): void {
    this.#evict(this.#maxBytes - field.size);
    if (field.size > this.#maxBytes) return;
    this.#fields.push(field);
    this.#bytes += field.size;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict(maxBytes);
  }

  #evict(limit: number): void {
    while (this.#bytes > limit && this.count > 0) this.#bytes -= this.#fields[this.#first++]?.size ?? 0;
    if (this.#first > 64 && this.#first * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#first);
      this.#first = 0;
    }
  }
}
