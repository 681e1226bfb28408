/**
 * Single-flight across the processes of a deployment for data that is in no cache (`fetch`, `unstable_cache`,
 * `use cache`). Next responds before it has stored what it fetched. Within one process the next request finds the
 * value; a second process would fetch again and show another version than the one just shown.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RevalidationLocks } from './revalidation-lock.ts';

/** Slower data is fetched by each process that needs it, so that no request waits longer. */
export const CLAIM_MS = 1_000;
const LOOK_EVERY_MS = 5;
/** How long data that was not stored (a 404 response, an error) is not claimed again. */
const NOT_STORED_MS = 60_000;
const MAX_NOT_STORED = 1_000;

export class DataClaims {
  readonly #locks: RevalidationLocks;
  /** Ends each claim of this process. */
  readonly #claims = new Map<string, () => void>();
  /** One request per key polls the disk, however many of this process wait; resolves when it has ended. */
  readonly #polling = new Map<string, Promise<void>>();
  /** Until when, in milliseconds of `performance.now()`; the oldest first. */
  readonly #notStored = new Map<string, number>();

  /**
   * Creates claims. `locks`: in a directory that all processes of the deployment share, with a timeout of {@link
   * CLAIM_MS}.
   */
  constructor(locks: RevalidationLocks) {
    this.#locks = locks;
  }

  /**
   * Waits while another process fetches the data, and returns what `find` then reads. Undefined when the caller is the
   * one to fetch it. Throws only when `find` does.
   */
  async waitFor<T>(key: string, find: () => Promise<T | undefined>): Promise<T | undefined> {
    const other = this.#polling.get(key);
    if (other !== undefined) {
      await other;
      return find();
    }
    const result = this.#poll(key, find);
    this.#polling.set(
      key,
      result.then(
        () => void this.#polling.delete(key),
        () => void this.#polling.delete(key),
      ),
    );
    return result;
  }

  /** Ends the caller's claim: the data is stored. */
  stored(key: string): void {
    this.#claims.get(key)?.();
  }

  #claim(key: string, release: () => void): void {
    const end = (): void => {
      clearTimeout(timer);
      this.#claims.delete(key);
      release();
    };
    const timer = setTimeout(() => {
      end();
      this.#recordNotStored(key);
    }, CLAIM_MS).unref();
    this.#claims.set(key, end);
  }

  #recordNotStored(key: string): void {
    this.#notStored.delete(key);
    this.#notStored.set(key, performance.now() + NOT_STORED_MS);
    for (const oldest of this.#notStored.keys()) {
      if (this.#notStored.size <= MAX_NOT_STORED) break;
      this.#notStored.delete(oldest);
    }
  }

  async #poll<T>(key: string, find: () => Promise<T | undefined>): Promise<T | undefined> {
    const until = performance.now() + CLAIM_MS;
    for (let waited = false; this.#mayClaim(key); waited = true) {
      const release = this.#locks.take(key);
      let found: T | undefined;
      try {
        // The previous holder of the claim may have stored it since the caller's read.
        found = await find();
      } catch (cause) {
        release?.();
        throw cause;
      }
      if (release !== undefined) {
        if (found === undefined && !waited) this.#claim(key, release);
        else release();
        return found;
      }
      if (found !== undefined || performance.now() > until) return found;
      await delay(LOOK_EVERY_MS);
    }
    return undefined;
  }

  #mayClaim(key: string): boolean {
    return !this.#claims.has(key) && (this.#notStored.get(key) ?? 0) < performance.now();
  }
}

/** Opens the claims of a deployment's shared cache directory; undefined for this process only. */
export const claimsIn = (directory: string | undefined): DataClaims =>
  new DataClaims(new RevalidationLocks(directory === undefined ? undefined : join(directory, 'claims'), CLAIM_MS));
