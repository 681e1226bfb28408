/** Runs operations of one name one after the other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs the operation when the earlier ones of the name have ended, however they did. */
  run<T>(name: string, operation: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(operation, operation);
    this.#last.set(name, turn);
    const forget = (): void => void (this.#last.get(name) === turn && this.#last.delete(name));
    turn.then(forget, forget);
    return turn;
  }
}
