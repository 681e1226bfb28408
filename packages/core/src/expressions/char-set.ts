const LATIN1 = 256;
const MAX_SETS = 2_000;
const sets = new Map<string, CharSet>();

/**
 * Represents the code units that one class or escape of an expression matches. V8 itself evaluates them, so that the
 * set is the same.
 */
export class CharSet {
  readonly #pattern: RegExp;
  /** Filled on demand: 0 unknown, 1 no, 2 yes. */
  readonly #latin1 = new Uint8Array(LATIN1);

  private constructor(source: string, flags: string) {
    this.#pattern = new RegExp(`^${source}$`, flags);
  }

  /**
   * Returns the set of a `source` that matches exactly one code unit. Sets are cached, because expressions use few
   * different ones.
   */
  static of(source: string, flags: string): CharSet {
    const key = `${flags}/${source}`;
    let set = sets.get(key);
    if (set === undefined) {
      set = new CharSet(source, flags);
      if (sets.size >= MAX_SETS) sets.clear();
      if (source.length <= 100) sets.set(key, set);
    }
    return set;
  }

  has(code: number): boolean {
    const known = code < LATIN1 ? this.#latin1[code] : 0;
    if (known !== 0) return known === 2;
    const found = this.#pattern.test(String.fromCharCode(code));
    if (code < LATIN1) this.#latin1[code] = found ? 2 : 1;
    return found;
  }
}

/** Returns the upper-case form under which code units are compared without regard to case (ECMA-262, 22.2.2.7.3). */
export function canonical(code: number): number {
  const upper = String.fromCharCode(code).toUpperCase();
  if (upper.length !== 1) return code;
  const unit = upper.charCodeAt(0);
  return code >= 128 && unit < 128 ? code : unit;
}
