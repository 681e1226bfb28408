import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import type { AnchorError, Result } from '@anchor/core/result/result.ts';
import { InstancePool, type PoolOptions } from './instance-pool.ts';
import type { Lease } from './lease.ts';

const TOUCH_MS = 1000;

/**
 * Manages the instances that this worker may use, by deployment. Once a second one `touch` renews the host's leases of
 * the deployments in use.
 */
export class FunctionPools {
  readonly #functions: FunctionHost;
  readonly #options: PoolOptions;
  readonly #pools = new Map<DeploymentId, InstancePool>();
  readonly #timer: NodeJS.Timeout;
  #touching = false;

  constructor(functions: FunctionHost, options: PoolOptions) {
    this.#functions = functions;
    this.#options = options;
    this.#timer = setInterval(() => void this.#touch(), TOUCH_MS).unref();
  }

  /** Returns a lease without waiting, when an instance is at hand. */
  take(id: DeploymentId): Lease | undefined {
    return this.#pools.get(id)?.take();
  }

  /**
   * Returns a lease, starting an instance when none runs. Resolves within `timeoutMs`. `confirmed`: only an instance
   * that the host names in a response to a request sent after this call.
   */
  acquire(id: DeploymentId, timeoutMs: number, confirmed = false): Promise<Result<Lease, AnchorError | 'timeout'>> {
    let pool = this.#pools.get(id);
    if (pool === undefined) {
      pool = new InstancePool(id, this.#functions, this.#options);
      this.#pools.set(id, pool);
    }
    return pool.acquire(timeoutMs, confirmed);
  }

  status(): Readonly<{ deployments: number; instances: number; inflight: number }> {
    let instances = 0;
    let inflight = 0;
    for (const pool of this.#pools.values()) {
      instances += pool.instances;
      inflight += pool.inflight;
    }
    return { deployments: this.#pools.size, instances, inflight };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  async #touch(): Promise<void> {
    this.#sweep();
    if (this.#touching) return;
    const uses: Record<DeploymentId, { inflight: number }> = {};
    const used: [DeploymentId, InstancePool][] = [];
    for (const [id, pool] of this.#pools) {
      const use = pool.takeUse();
      if (use === undefined) continue;
      uses[id] = use;
      used.push([id, pool]);
    }
    if (used.length === 0) return;
    this.#touching = true;
    const sentAt = performance.now();
    try {
      const changed = new Set(await this.#functions.touch(uses));
      for (const [id, pool] of used) {
        if (changed.has(id)) void pool.refresh();
        else pool.renewed(sentAt);
      }
    } catch {
      // The host is away: leases run out, and the next request calls it.
      for (const [, pool] of used) pool.keepUse();
    } finally {
      this.#touching = false;
    }
  }

  /** Removes deployments that are no longer used, with their idle connections. */
  #sweep(): void {
    for (const [id, pool] of this.#pools) {
      if (!pool.expired) continue;
      pool.close();
      this.#pools.delete(id);
    }
  }
}
