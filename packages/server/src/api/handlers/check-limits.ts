import type { DomainId, ProjectId } from '@anchor/core/names/id.ts';
import type { Domain } from '@anchor/core/domains/domain.ts';

/** Minimum time between two checks of a domain on demand: each sends requests to servers of strangers. */
const CHECK_EVERY_MS = 5_000;
/** Checks on demand of one project at once: its name servers may be slow on purpose, and others have their turn. */
const AT_ONCE_PER_PROJECT = 4;
const BUSY_MS = 2_000;

/** How long to wait with a check, and whether that is because of others of the project. */
export type TooSoon = Readonly<{ waitMs: number; busy: boolean }>;

/** Bounds the checks of domains on demand, by domain and by project. */
export class CheckLimits {
  readonly #checkedAt = new Map<DomainId, number>();
  readonly #running = new Map<ProjectId, number>();

  /** Runs a check, or returns how many milliseconds to wait with it. */
  async run<T>({ id, projectId }: Domain, now: number, check: () => Promise<T>): Promise<T | TooSoon> {
    const waitMs = (this.#checkedAt.get(id) ?? 0) + CHECK_EVERY_MS - now;
    if (waitMs > 0 && waitMs <= CHECK_EVERY_MS) return { waitMs, busy: false };
    const running = this.#running.get(projectId) ?? 0;
    if (running >= AT_ONCE_PER_PROJECT) return { waitMs: BUSY_MS, busy: true };
    for (const [other, at] of this.#checkedAt) if (now - at > CHECK_EVERY_MS) this.#checkedAt.delete(other);
    this.#checkedAt.set(id, now);
    this.#running.set(projectId, running + 1);
    try {
      return await check();
    } finally {
      const left = (this.#running.get(projectId) ?? 1) - 1;
      if (left === 0) this.#running.delete(projectId);
      else this.#running.set(projectId, left);
    }
  }
}
