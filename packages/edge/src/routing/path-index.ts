/** Per slot: hash, offset of the entry, bytes of its key, bytes of its value. */
const FIELDS = 4;
/** Count, slots, seed of the hash. */
const HEADER = 3;

/**
 * Stores texts by path in one block of memory, which one thread builds and another reads without a copy. Nothing is
 * parsed before its first use.
 */
export class PathIndex {
  readonly #words: Uint32Array;
  readonly #data: Buffer;
  readonly #slots: number;
  readonly #seed: number;
  readonly size: number;
  readonly bytes: number;

  constructor(buffer: ArrayBuffer) {
    this.#words = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.#data = Buffer.from(buffer);
    this.size = this.#words[0] ?? 0;
    this.#slots = this.#words[1] ?? 0;
    this.#seed = this.#words[2] ?? 0;
    this.bytes = buffer.byteLength;
  }

  /** Returns the text of a path. */
  find(path: string): string | undefined {
    if (this.size === 0) return undefined;
    const words = this.#words;
    const hash = hashOf(path, this.#seed);
    for (let slot = hash % this.#slots; ; slot = (slot + 1) % this.#slots) {
      const at = HEADER + slot * FIELDS;
      const start = words[at + 1] ?? 0;
      if (start === 0) return undefined;
      if (words[at] !== hash) continue;
      const middle = start + (words[at + 2] ?? 0);
      if (this.#data.toString('utf8', start, middle) === path)
        return this.#data.toString('utf8', middle, middle + (words[at + 3] ?? 0));
    }
  }
}

/** Builds an index. `random`: below 2^32. The author of the paths must not know it, or they could all have one hash. */
export function buildPathIndex(
  entries: readonly (readonly [path: string, text: string])[],
  random = Math.floor(Math.random() * 0xffffffff),
): ArrayBuffer {
  const slots = entries.length * 2 + 1;
  const tableBytes = (HEADER + slots * FIELDS) * 4;
  let bytes = tableBytes;
  for (const [path, text] of entries) bytes += Buffer.byteLength(path) + Buffer.byteLength(text);
  const buffer = new ArrayBuffer(Math.ceil(bytes / 4) * 4);
  const words = new Uint32Array(buffer);
  const data = Buffer.from(buffer);
  words.set([entries.length, slots, random]);
  let start = tableBytes;
  for (const [path, text] of entries) {
    const hash = hashOf(path, random);
    let slot = hash % slots;
    while (words[HEADER + slot * FIELDS + 1] !== 0) slot = (slot + 1) % slots;
    const key = data.write(path, start);
    const value = data.write(text, start + key);
    words.set([hash, start, key, value], HEADER + slot * FIELDS);
    start += key + value;
  }
  return buffer;
}

/** Returns the FNV-1a hash of the code units, mixed with the seed at both ends. */
function hashOf(path: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15) ^ seed, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
