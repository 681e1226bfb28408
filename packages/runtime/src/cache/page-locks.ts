import type { RenderContext } from './render-context.ts';
import type { RevalidationLocks } from './revalidation-lock.ts';

const RETRY_MS = 10;
const WRITE_ATTEMPTS = 20;

/** Holds the revalidation locks of this process's requests, by cache key. */
export class PageLocks {
  readonly #locks: RevalidationLocks;
  readonly #held = new Map<string, () => void>();

  constructor(locks: RevalidationLocks) {
    this.#locks = locks;
  }

  /** Returns the function that releases the lock, or undefined while another request or process holds it. */
  take(key: string): (() => void) | undefined {
    return this.#locks.take(key);
  }

  isHeldBy(context: RenderContext, key: string): boolean {
    const release = this.#held.get(key);
    return release !== undefined && context.locks.has(release);
  }

  /** Keeps a lock until the page is written, or the request and all its work after the response are done. */
  hold(context: RenderContext, key: string, release: () => void): void {
    const once = (): void => {
      context.locks.delete(once);
      if (this.#held.get(key) === once) this.#held.delete(key);
      release();
    };
    this.#held.set(key, once);
    context.locks.add(once);
  }

  /**
   * Returns what releases the lock for a write: the request's own, or one taken for as long as the file is written.
   * Undefined after 200 ms: an unlocked write is better than none.
   */
  async forWrite(context: RenderContext, key: string): Promise<(() => void) | undefined> {
    if (this.isHeldBy(context, key)) return this.#held.get(key);
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt++) {
      const release = this.#locks.take(key);
      if (release !== undefined) return release;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return undefined;
  }
}
