import type { ProjectId } from '@anchor/core/names/id.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { FunctionHostSettings } from './settings.ts';

/**
 * A start that needs memory. `live`: production is served by its deployment, or is about to be. `first`: nothing of its
 * deployment runs. `spare`: no request needs it and another of its deployment runs, so it takes only what is free.
 */
export type Claim = Readonly<{
  projectId: ProjectId;
  memoryMb: number;
  live: boolean;
  first: boolean;
  spare?: boolean;
}>;
/** The missing memory of a claim: of the machine, or of its project's share. */
export type Shortage = 'machine' | 'share';
type Held = { instances: number; memoryMb: number };
type Limits = Pick<FunctionHostSettings, 'maxInstances' | 'memoryMb' | 'admissionTimeoutMs' | 'projectShare'>;

const RECHECK_MS = 100;

/**
 * Divides the memory of all functions between projects. One project never holds more than its share of it, however many
 * of its deployments get requests. Production's starts have priority over those of previews and old deployments.
 */
export class MemoryBudget {
  readonly #settings: Limits;
  readonly #evictFor: (claim: Claim, shortage: Shortage) => Promise<boolean>;
  readonly #held = new Map<ProjectId, Held>();
  /** Where evictions are in flight whose memory is not free yet: projects, or the machine. */
  readonly #evicting = new Set<ProjectId | 'machine'>();
  #queuedLive = 0;
  /**
   * First starts that wait, and what for: what is freed for one must not go to another instance of what runs already.
   */
  readonly #queuedFirst = new Map<Claim, Shortage>();
  readonly #queue = new Set<() => void>();

  /**
   * Creates the budget. `evict` starts to drain an instance that the claim has a right to replace, and returns false
   * when there is none.
   */
  constructor(settings: Limits, evict: (claim: Claim, shortage: Shortage) => Promise<boolean>) {
    this.#settings = settings;
    this.#evictFor = evict;
  }

  used(): Readonly<Held> {
    let [instances, memoryMb] = [0, 0];
    for (const held of this.#held.values()) {
      instances += held.instances;
      memoryMb += held.memoryMb;
    }
    return { instances, memoryMb };
  }

  heldBy(projectId: ProjectId): number {
    return this.#held.get(projectId)?.memoryMb ?? 0;
  }

  /**
   * Reserves memory if enough is free for any claim, so that it need not be looked up which deployment serves
   * production.
   */
  reserveFree(claim: Omit<Claim, 'live'>): (() => void) | undefined {
    const preview = { ...claim, live: false };
    return this.#shortage(preview, false) === undefined ? this.#hold(preview) : undefined;
  }

  /**
   * Reserves memory for one instance, evicting others if necessary. The returned function releases it. The signal ends
   * the wait. Errors: `rate_limited`.
   */
  async reserve(claim: Claim, signal?: AbortSignal): Promise<Result<() => void>> {
    const { memoryMb } = this.#settings;
    if (claim.memoryMb > memoryMb)
      return fail(
        'rate_limited',
        `A function of ${claim.memoryMb} MB does not fit into the ${memoryMb} MB for functions`,
        "Lower the project's memory with `anchor projects update --memory`, or start the platform with a larger --function-memory-mb.",
      );
    const deadline = performance.now() + this.#settings.admissionTimeoutMs;
    let waits = false;
    try {
      for (
        let shortage = this.#shortage(claim, waits);
        shortage !== undefined;
        shortage = this.#shortage(claim, waits)
      ) {
        const gaveUp = claim.spare === true || signal?.aborted === true || performance.now() >= deadline;
        if (gaveUp) return this.#refuse(claim, shortage);
        if (claim.live && !waits) {
          waits = true;
          this.#queuedLive++;
        }
        if (claim.first) this.#queuedFirst.set(claim, shortage);
        await this.#evict(claim, shortage);
        await this.#change();
      }
    } finally {
      if (waits) this.#queuedLive--;
      this.#queuedFirst.delete(claim);
    }
    return ok(this.#hold(claim));
  }

  /** Returns what is missing for a claim. `waits`: the claim itself is among those that wait for production. */
  #shortage(claim: Claim, waits: boolean): Shortage | undefined {
    const { projectId, memoryMb, live } = claim;
    const { maxInstances, projectShare } = this.#settings;
    const own = this.#held.get(projectId);
    // Two instances always: a new deployment gets requests before the old one stops.
    const over =
      own !== undefined &&
      own.instances > 1 &&
      (own.memoryMb + memoryMb > this.#settings.memoryMb * projectShare ||
        own.instances + 1 > maxInstances * projectShare);
    if (over || this.#hasFirstBefore(claim, 'share')) return 'share';
    const { instances, memoryMb: used } = this.used();
    const fits = instances < maxInstances && used + memoryMb <= this.#settings.memoryMb;
    return fits && (live || waits || this.#queuedLive === 0) && !this.#hasFirstBefore(claim, 'machine')
      ? undefined
      : 'machine';
  }

  #hasFirstBefore(claim: Claim, shortage: Shortage): boolean {
    if (claim.first) return false;
    return [...this.#queuedFirst].some(
      ([first, lacks]) =>
        lacks === shortage &&
        (shortage === 'machine' || first.projectId === claim.projectId) &&
        (first.live || !claim.live),
    );
  }

  async #evict(claim: Claim, shortage: Shortage): Promise<void> {
    const where = shortage === 'share' ? claim.projectId : 'machine';
    if (this.#evicting.has(where)) return;
    this.#evicting.add(where);
    if (!(await this.#evictFor(claim, shortage))) this.#evicting.delete(where);
  }

  #hold({ projectId, memoryMb }: Claim): () => void {
    const held = this.#held.get(projectId) ?? { instances: 0, memoryMb: 0 };
    this.#held.set(projectId, held);
    held.instances++;
    held.memoryMb += memoryMb;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      held.instances--;
      held.memoryMb -= memoryMb;
      if (held.instances === 0) this.#held.delete(projectId);
      this.#evicting.delete(projectId);
      this.#evicting.delete('machine');
      for (const wake of this.#queue) wake();
    };
  }

  /** Resolves when memory was released, or after `RECHECK_MS`: a lease may have expired meanwhile. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#queue.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, RECHECK_MS);
      this.#queue.add(wake);
    });
  }

  #refuse({ projectId }: Claim, shortage: Shortage): Result<never> {
    const { instances, memoryMb } = this.used();
    if (shortage === 'share') {
      return fail(
        'rate_limited',
        "The project's functions use its whole share of the memory",
        'Retry in a moment. Lower its memory with `anchor projects update --memory`, or start the platform with a larger --project-memory-percent.',
        `${this.heldBy(projectId)} of ${Math.floor(this.#settings.memoryMb * this.#settings.projectShare)} MB, none idle`,
      );
    }
    return fail(
      'rate_limited',
      'This machine has no memory for another function now',
      'Retry in a moment. Start the platform with a larger --function-memory-mb if it happens often.',
      `${instances} of ${this.#settings.maxInstances} instances, ${memoryMb} of ${this.#settings.memoryMb} MB, none idle`,
    );
  }
}
