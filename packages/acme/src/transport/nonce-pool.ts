/** Nonces kept at most. Each response brings one, each request uses one: more are never needed for long. */
const LIMIT = 32;

/** Nonces of earlier responses, newest first: the youngest is the least likely to have expired. */
export class NoncePool {
  #nonces: string[] = [];

  /** Keeps a nonce for a later request. A malformed one is dropped (RFC 8555, section 6.5.1). */
  add(nonce: string | undefined): void {
    if (nonce === undefined || !/^[\w-]{1,500}$/.test(nonce)) return;
    this.#nonces.push(nonce);
    if (this.#nonces.length > LIMIT) this.#nonces.shift();
  }

  /** Returns an unused nonce and forgets it; undefined when there is none. */
  take(): string | undefined {
    return this.#nonces.pop();
  }

  /** Forgets all: after one was refused, those of the same age would be too. */
  clear(): void {
    this.#nonces = [];
  }
}
