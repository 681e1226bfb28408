import { Agent } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost, Upstream } from '@anchor/core/ports/function-host.ts';
import { IdleConnections } from '../wire/upstream/connection.ts';
import { anchorError, err, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';

/** An instance of a function, while it is leased. */
export type Instance = { readonly path: string; readonly key: string; readonly agent: Agent; readonly idle: IdleConnections; inflight: number; retired: boolean };

/** The right to send one request to an instance. One of `served` and `release` ends it; later calls do nothing. */
export type Lease = Readonly<{
  instance: Instance;
  /** How long the first byte of the answer may take. */
  timeoutMs: number;
  /** Its answer has ended whole. */
  served(): void;
  /** It was given up, or broke. */
  release(): void;
  broken(): void;
}>;

type Pool = {
  readonly id: DeploymentId;
  instances: Instance[];
  leaseUntil: number;
  leaseMs: number;
  timeoutMs: number;
  inflight: number;
  used: boolean;
  acquiring: Promise<Result<void>> | undefined;
  acquiringSince: number;
  lastScaleUp: number;
  /** Where the search for the least busy instance begins. */
  turn: number;
  recent: Instance | undefined;
};

export type PoolOptions = Readonly<{ scaleUpInflight: number; startMs: number; functionTurns: boolean }>;

const TOUCH_MS = 1000;
const SCALE_UP_EVERY_MS = 250;
const MAX_IDLE_CONNECTIONS = 64;

/**
 * The instances that this worker may use, by deployment. An instance is used only while its lease lasts; once a second
 * the leases of deployments in use are renewed with one `touch`. The instance used last takes the next request as long as
 * it is at rest, or else the least busy one.
 */
export class FunctionPools {
  readonly #functions: FunctionHost;
  readonly #options: PoolOptions;
  readonly #pools = new Map<DeploymentId, Pool>();
  readonly #timer: NodeJS.Timeout;
  #touching = false;

  constructor(functions: FunctionHost, options: PoolOptions) {
    this.#functions = functions;
    this.#options = options;
    this.#timer = setInterval(() => void this.#touch(), TOUCH_MS).unref();
  }

  /** A lease without waiting, when a live one exists. */
  take(id: DeploymentId): Lease | undefined {
    const pool = this.#pools.get(id);
    if (pool === undefined || pool.instances.length === 0 || performance.now() >= pool.leaseUntil) return undefined;
    const best = this.#options.functionTurns ? leastBusy(pool) : this.#atRest(pool) ?? leastBusy(pool);
    if (best === undefined) return undefined;
    if (best.inflight >= this.#options.scaleUpInflight) this.#scaleUp(pool);
    return this.#lease(pool, best);
  }

  /** A lease, starting an instance when none runs. Answers within `timeoutMs`. */
  async acquire(id: DeploymentId, timeoutMs: number): Promise<Result<Lease, AnchorError | 'timeout'>> {
    const pool = this.#pool(id);
    const until = performance.now() + timeoutMs;
    for (;;) {
      const left = until - performance.now();
      if (left <= 0) return err('timeout');
      const acquired = await within(this.#acquire(pool), left);
      if (acquired === undefined) return err('timeout');
      if (!acquired.ok) return acquired;
      const lease = this.take(id);
      if (lease !== undefined) return ok(lease);
      // A lease that ended while we waited, or an instance that broke: ask again, but not in a busy loop.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  status(): Readonly<{ deployments: number; instances: number; inflight: number }> {
    let instances = 0;
    let inflight = 0;
    for (const pool of this.#pools.values()) {
      instances += pool.instances.length;
      inflight += pool.inflight;
    }
    return { deployments: this.#pools.size, instances, inflight };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const pool of this.#pools.values()) for (const instance of pool.instances) hangUp(instance);
    this.#pools.clear();
  }

  #pool(id: DeploymentId): Pool {
    let pool = this.#pools.get(id);
    if (pool === undefined) {
      pool = { id, instances: [], leaseUntil: 0, leaseMs: 0, timeoutMs: 0, inflight: 0, used: true, acquiring: undefined, acquiringSince: 0, lastScaleUp: 0, turn: 0, recent: undefined };
      this.#pools.set(id, pool);
    }
    return pool;
  }

  #acquire(pool: Pool): Promise<Result<void>> {
    const now = performance.now();
    // A question that is never answered must not block all that come later.
    if (pool.acquiring !== undefined && now - pool.acquiringSince < this.#options.startMs) return pool.acquiring;
    const asking = this.#ask(pool).finally(() => {
      if (pool.acquiring === asking) pool.acquiring = undefined;
    });
    pool.acquiring = asking;
    pool.acquiringSince = now;
    return asking;
  }

  async #ask(pool: Pool): Promise<Result<void>> {
    const askedAt = performance.now();
    try {
      const answer = await this.#functions.acquire(pool.id);
      if (!answer.ok) return answer;
      const { upstreams, leaseMs, timeoutMs } = answer.value;
      pool.leaseMs = leaseMs;
      pool.timeoutMs = timeoutMs;
      pool.leaseUntil = askedAt + leaseMs - margin(leaseMs);
      replaceInstances(pool, upstreams);
      if (pool.instances.length === 0) return fail('function_start_failed', 'The function host named no instance that this edge can reach.', 'Restart the function host.');
      return ok(undefined);
    } catch (error) {
      return err(anchorError('function_start_failed', 'The function host does not answer.', 'Restart the platform\'s host process; "anchor doctor" shows its state.', error instanceof Error ? error.message : String(error)));
    }
  }

  /** The one used last, when it has nothing to do: what it needs is still in the processor's caches, and the others come to rest. */
  #atRest({ recent }: Pool): Instance | undefined {
    return recent !== undefined && recent.inflight === 0 && !recent.retired ? recent : undefined;
  }

  #scaleUp(pool: Pool): void {
    const now = performance.now();
    if (pool.acquiring !== undefined || now - pool.lastScaleUp < SCALE_UP_EVERY_MS) return;
    pool.lastScaleUp = now;
    void this.#acquire(pool);
  }

  #lease(pool: Pool, instance: Instance): Lease {
    let open = true;
    instance.inflight++;
    pool.inflight++;
    pool.used = true;
    const close = (): void => {
      open = false;
      instance.inflight--;
      pool.inflight--;
      if (instance.retired && instance.inflight === 0) hangUp(instance);
    };
    return {
      instance,
      timeoutMs: pool.timeoutMs,
      served: () => {
        if (!open) return;
        close();
        pool.recent = instance;
      },
      release: () => {
        if (!open) return;
        close();
        // It may still be at work on what nobody waits for any more, or be stuck.
        if (pool.recent === instance) pool.recent = undefined;
      },
      broken: () => {
        const at = pool.instances.indexOf(instance);
        if (at !== -1) pool.instances.splice(at, 1);
        instance.retired = true;
      },
    };
  }

  async #touch(): Promise<void> {
    this.#sweep();
    if (this.#touching) return;
    const use: Record<DeploymentId, { inflight: number }> = {};
    const pools: Pool[] = [];
    for (const pool of this.#pools.values()) {
      if ((pool.inflight === 0 && !pool.used) || pool.leaseMs === 0) continue;
      use[pool.id] = { inflight: pool.inflight };
      pools.push(pool);
      pool.used = false;
    }
    if (pools.length === 0) return;
    this.#touching = true;
    const sentAt = performance.now();
    try {
      const changed = new Set(await this.#functions.touch(use));
      for (const pool of pools) {
        if (changed.has(pool.id)) {
          void this.#acquire(pool);
          continue;
        }
        // A lease that has ended is not revived: the host may have begun to drain.
        if (performance.now() < pool.leaseUntil) pool.leaseUntil = Math.max(pool.leaseUntil, sentAt + pool.leaseMs - margin(pool.leaseMs));
      }
    } catch {
      // The host is away: leases run out and the next request asks it again.
      for (const pool of pools) pool.used = true;
    } finally {
      this.#touching = false;
    }
  }

  /** Forgets deployments that are no longer used, with their idle connections. */
  #sweep(): void {
    const now = performance.now();
    for (const [id, pool] of this.#pools) {
      if (pool.inflight > 0 || pool.acquiring !== undefined || now < pool.leaseUntil) continue;
      for (const instance of pool.instances) hangUp(instance);
      this.#pools.delete(id);
    }
  }
}

function hangUp({ agent, idle }: Instance): void {
  agent.destroy();
  idle.destroy();
}

/** Equally busy ones take turns. */
function leastBusy(pool: Pool): Instance | undefined {
  const { instances } = pool;
  let best: Instance | undefined;
  for (let i = 0, at = pool.turn; i < instances.length; i++, at++) {
    const instance = instances[at % instances.length];
    if (instance !== undefined && (best === undefined || instance.inflight < best.inflight)) best = instance;
  }
  pool.turn = (pool.turn + 1) % instances.length;
  return best;
}

/** A request that is just being written must arrive before the lease ends at the host. */
const margin = (leaseMs: number): number => Math.min(250, leaseMs / 10);

function replaceInstances(pool: Pool, upstreams: readonly Upstream[]): void {
  const known = new Map(pool.instances.map((instance) => [instance.key, instance]));
  pool.instances = upstreams.flatMap((upstream) => {
    if (upstream.kind !== 'unix') return [];
    const key = `${upstream.instance}\0${upstream.path}`;
    const kept = known.get(key);
    known.delete(key);
    if (kept !== undefined) return [kept];
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: MAX_IDLE_CONNECTIONS, scheduling: 'lifo' });
    return [{ path: upstream.path, key, agent, idle: new IdleConnections(), inflight: 0, retired: false }];
  });
  for (const gone of known.values()) {
    gone.retired = true;
    if (gone.inflight === 0) hangUp(gone);
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), ms); });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
