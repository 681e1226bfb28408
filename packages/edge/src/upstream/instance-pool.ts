import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import { anchorError, err, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import type { Instance } from './instance.ts';
import { Instances } from './instances.ts';
import { Lease, type LeaseHolder } from './lease.ts';

export type PoolOptions = Readonly<{ scaleUpInflight: number; startMs: number; roundRobinInstances: boolean }>;

const SCALE_UP_EVERY_MS = 250;
/** Pause between attempts to lease an instance that the host has just named. */
const RETRY_MS = 20;

/**
 * Leases the instances of one deployment. An instance is used only while the host's own lease of it lasts. The last
 * used instance takes the next request while it is idle, else the least loaded one.
 */
export class InstancePool implements LeaseHolder {
  readonly #id: DeploymentId;
  readonly #functions: FunctionHost;
  readonly #options: PoolOptions;
  readonly #instances = new Instances();
  /** Until when the host's lease lasts, and how long each one is. */
  #leaseUntil = 0;
  #leaseMs = 0;
  #timeoutMs = 0;
  #inflight = 0;
  /** Calls of `acquire` in flight. */
  #acquiring = 0;
  #used = true;
  #naming: Promise<Result<void>> | undefined;
  #namingSince = 0;
  #lastScaleUp = 0;

  constructor(id: DeploymentId, functions: FunctionHost, options: PoolOptions) {
    this.#id = id;
    this.#functions = functions;
    this.#options = options;
  }

  get inflight(): number {
    return this.#inflight;
  }

  get instances(): number {
    return this.#instances.count;
  }

  /** Whether nothing uses it, and nothing may. */
  get expired(): boolean {
    const unused = this.#inflight === 0 && this.#acquiring === 0 && this.#naming === undefined;
    return unused && performance.now() >= this.#leaseUntil;
  }

  /** Returns a lease without waiting, when an instance is at hand. */
  take(): Lease | undefined {
    const instances = this.#instances;
    if (instances.count === 0 || performance.now() >= this.#leaseUntil) return undefined;
    const best = (this.#options.roundRobinInstances ? undefined : instances.idle) ?? instances.leastLoaded();
    if (best === undefined) return undefined;
    if (best.inflight >= this.#options.scaleUpInflight) this.#scaleUp();
    this.#inflight++;
    this.#used = true;
    return new Lease(this, best, this.#timeoutMs);
  }

  /** See FunctionPools.acquire. */
  async acquire(timeoutMs: number, confirmed: boolean): Promise<Result<Lease, AnchorError | 'timeout'>> {
    this.#acquiring++;
    try {
      return await this.#acquire(timeoutMs, confirmed);
    } finally {
      this.#acquiring--;
    }
  }

  async #acquire(timeoutMs: number, confirmed: boolean): Promise<Result<Lease, AnchorError | 'timeout'>> {
    const until = performance.now() + timeoutMs;
    if (confirmed && this.#naming !== undefined) await withTimeout(this.#naming, timeoutMs);
    for (;;) {
      const left = until - performance.now();
      if (left <= 0) return err('timeout');
      const named = await withTimeout(this.refresh(), left);
      if (named === undefined) return err('timeout');
      if (!named.ok) return named;
      const lease = this.take();
      if (lease !== undefined) return ok(lease);
      // A lease that ended while this waited, or an instance that failed: retry, but not in a busy loop.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Requests the instances from the host. Concurrent calls share one request. */
  refresh(): Promise<Result<void>> {
    const now = performance.now();
    // A call that never returns must not block all later ones.
    if (this.#naming !== undefined && now - this.#namingSince < this.#options.startMs) return this.#naming;
    const naming = this.#requestInstances().finally(() => {
      if (this.#naming === naming) this.#naming = undefined;
    });
    this.#naming = naming;
    this.#namingSince = now;
    return naming;
  }

  /** Returns the use since the last call, for the host to renew its lease; undefined when there was none. */
  takeUse(): Readonly<{ inflight: number }> | undefined {
    if ((this.#inflight === 0 && !this.#used) || this.#leaseMs === 0) return undefined;
    this.#used = false;
    return { inflight: this.#inflight };
  }

  /** Reports the use once more with the next call of `takeUse`. */
  keepUse(): void {
    this.#used = true;
  }

  /** Extends the host's lease, which was renewed at `at`. One that has ended is not revived: the host may drain. */
  renewed(at: number): void {
    if (performance.now() < this.#leaseUntil)
      this.#leaseUntil = Math.max(this.#leaseUntil, at + this.#leaseMs - safetyMs(this.#leaseMs));
  }

  released(instance: Instance, whole: boolean): void {
    this.#inflight--;
    this.#instances.released(instance, whole);
  }

  markUnhealthy(instance: Instance): void {
    this.#instances.markUnhealthy(instance);
  }

  close(): void {
    this.#instances.close();
  }

  async #requestInstances(): Promise<Result<void>> {
    const sentAt = performance.now();
    try {
      const response = await this.#functions.acquire(this.#id);
      if (!response.ok) return response;
      const { upstreams, leaseMs, timeoutMs } = response.value;
      this.#leaseMs = leaseMs;
      this.#timeoutMs = timeoutMs;
      this.#leaseUntil = sentAt + leaseMs - safetyMs(leaseMs);
      this.#instances.replace(upstreams);
      return this.#instances.count > 0 ? ok(undefined) : NOT_REACHABLE;
    } catch (error) {
      return err(
        anchorError(
          'function_start_failed',
          'The function host does not respond',
          'Restart the platform; "anchor doctor" shows its state.',
          error instanceof Error ? error.message : String(error),
        ),
      );
    }
  }

  #scaleUp(): void {
    const now = performance.now();
    if (this.#naming !== undefined || now - this.#lastScaleUp < SCALE_UP_EVERY_MS) return;
    this.#lastScaleUp = now;
    void this.refresh();
  }
}

const NOT_REACHABLE = fail(
  'function_start_failed',
  'The function host named no instance that this edge can reach.',
  'Restart the function host.',
);

/** Returns a safety margin: a request that is just being written must arrive before the lease ends at the host. */
const safetyMs = (leaseMs: number): number => Math.min(250, leaseMs / 10);

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
