/**
 * Separates upkeep and pushes of one repository: git's own locks do not stop a clean-up from removing objects that a
 * push is about to name.
 */
export class RepositoryGate {
  readonly #pushes = new Map<string, number>();
  readonly #upkeep = new Map<string, Promise<void>>();

  /** Waits until no upkeep runs on the repository. Call the returned function when the push has ended. */
  async enter(repository: string): Promise<() => void> {
    for (let running = this.#upkeep.get(repository); running !== undefined; running = this.#upkeep.get(repository))
      await running;
    this.#pushes.set(repository, (this.#pushes.get(repository) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const others = (this.#pushes.get(repository) ?? 1) - 1;
      if (others > 0) this.#pushes.set(repository, others);
      else this.#pushes.delete(repository);
    };
  }

  /** Runs `work` while no push is in flight and none starts. Returns undefined without running it when one is. */
  async alone<T>(repository: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#pushes.has(repository) || this.#upkeep.has(repository)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#upkeep.set(repository, promise);
    try {
      return await work();
    } finally {
      this.#upkeep.delete(repository);
      resolve();
    }
  }
}
