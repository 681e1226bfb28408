/** A secret that no log, error or inspection shows: only `reveal` returns it, and only where it is sent. */
export class Credential {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '•••';
  }

  toJSON(): string {
    return '•••';
  }
}
