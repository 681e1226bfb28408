/**
 * The weights of owners' groups. Builds and functions have different owners: weights inside an owner's group have no
 * effect on the others, so the group carries its heaviest.
 */
export class OwnerWeights {
  readonly #heaviest = new Map<string, number>();

  /** Adds a sandbox's weight. Returns the heaviest of its owner. */
  add(owner: string, weight: number): number {
    const heaviest = Math.max(weight, this.#heaviest.get(owner) ?? 0);
    this.#heaviest.set(owner, heaviest);
    return heaviest;
  }
}
