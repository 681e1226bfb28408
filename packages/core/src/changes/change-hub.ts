import type { ChangeSignal } from '../ports/change-signal.ts';

/** Notifies the followers of resources of one kind, by key, within one process. */
export class ChangeHub {
  readonly #followers = new Map<string, Set<Follower>>();

  /** How many resources are followed. */
  get size(): number {
    return this.#followers.size;
  }

  /** Wakes every follower of this resource. */
  notify(key: string): void {
    for (const follower of this.#followers.get(key) ?? []) follower.notify();
  }

  /** Wakes all followers, when it is not known what changed. */
  notifyAll(): void {
    for (const key of this.#followers.keys()) this.notify(key);
  }

  open(key: string): ChangeSignal {
    const followers = this.#followers.get(key) ?? new Set<Follower>();
    this.#followers.set(key, followers);
    const follower = new Follower(() => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(key) === followers) this.#followers.delete(key);
    });
    followers.add(follower);
    return follower;
  }
}

class Follower implements ChangeSignal {
  readonly #onClose: () => void;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  notify(): void {
    this.#changed = true;
    this.#wake?.();
  }

  async next(withinMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#changed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(wake, withinMs);
        signal.addEventListener('abort', wake);
        this.#wake = wake;
      });
    }
    this.#changed = false;
  }

  close(): void {
    this.#onClose();
    this.#wake?.();
  }
}
