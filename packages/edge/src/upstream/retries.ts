import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { AnchorError, Result } from '@anchor/core/result/result.ts';
import type { FunctionPools } from './function-pools.ts';
import type { Lease } from './lease.ts';

/**
 * How an attempt failed before any byte of a response arrived. `refused`: the instance accepted no connection, so
 * nothing was delivered. `stale`: a reused connection ended, which the instance may just have closed. `died`: a new
 * connection ended with the request in it, which may be what ended the instance.
 */
export type Failure = 'refused' | 'stale' | 'died';

/** A request may end this many instances and still be retried; the others are needed. */
const MAX_DEATHS = 1;
/** The host notices that an instance is gone a moment after the kernel does. Until then it names it again. */
const MAX_REFUSED_ROUNDS = 20;
const PAUSE_MS = { first: 5, most: 250 };

/** Decides for one request how often, and on which instances, it is sent to its function. */
export class Retries {
  readonly #pools: FunctionPools;
  readonly #deploymentId: DeploymentId;
  readonly #until: number;
  #deaths = 0;
  #rounds = 0;
  #refused = false;
  #confirm = false;
  #onlyNew = false;

  /** Creates the retries of one request. `startMs`: how long it may wait for an instance, all attempts together. */
  constructor(pools: FunctionPools, deploymentId: DeploymentId, startMs: number) {
    this.#pools = pools;
    this.#deploymentId = deploymentId;
    this.#until = performance.now() + startMs;
  }

  /** Whether the next attempt must open a connection: after one reused connection ended, the others are suspect too. */
  get onlyNewConnection(): boolean {
    return this.#onlyNew;
  }

  /** Returns a lease if one is at hand that the next attempt may use. */
  take(): Lease | undefined {
    return this.#confirm ? undefined : this.#pools.take(this.#deploymentId);
  }

  /** Resolves with a lease, starting an instance where none runs. After refusals it pauses first. */
  async acquire(): Promise<Result<Lease, AnchorError | 'timeout'>> {
    const confirm = this.#confirm;
    this.#confirm = false;
    if (this.#refused && !confirm) {
      this.#refused = false;
      await this.#pause(this.#rounds++);
      const lease = this.take();
      if (lease !== undefined) return { ok: true, value: lease };
    }
    return this.#pools.acquire(this.#deploymentId, this.#until - performance.now(), confirm);
  }

  /** Counts a failed attempt. Returns whether another one may follow. */
  failed(failure: Failure): boolean {
    if (failure === 'refused') {
      this.#refused = true;
      return this.#rounds < MAX_REFUSED_ROUNDS && performance.now() < this.#until;
    }
    this.#onlyNew = true;
    if (failure === 'stale') return performance.now() < this.#until;
    // A killed host ends all its instances: only one that it names after this death is worth the last attempt.
    this.#confirm = true;
    return ++this.#deaths <= MAX_DEATHS;
  }

  #pause(round: number): Promise<void> {
    const ms = Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** round, Math.max(0, this.#until - performance.now()));
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}
