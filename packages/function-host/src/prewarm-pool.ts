import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { startFingerprint, type InstancePlan } from './instance-sandbox.ts';
import type { Instance } from './instance.ts';
import { PendingOperations } from './pending-operations.ts';
import { ESTIMATED_INSTANCE_MB, selectEvictions, type PrewarmedInstance } from './prewarm-eviction.ts';
import type { FunctionHostSettings } from './settings.ts';

export type PrewarmPoolPorts = Readonly<{
  start(plan: InstancePlan, signal: AbortSignal): Promise<Result<Instance>>;
  /** Handles a deployment whose instance was evicted, by age or for others. */
  onEvict(plan: InstancePlan): Promise<void>;
  /** Returns whether the deployment serves production now; that may change while it is prewarmed. */
  isLive(deploymentId: DeploymentId): Promise<boolean>;
  settings: Pick<FunctionHostSettings, 'prewarmMax' | 'prewarmMemoryMb' | 'prewarmTtlMs' | 'prewarmCheckMs'>;
  /** Returns the memory that the machine has available, in MiB. */
  availableMb(): number;
}>;

type Candidate = PrewarmedInstance & Readonly<{ plan: InstancePlan }>;
type Entry = Readonly<{
  plan: InstancePlan;
  fingerprint: Promise<string>;
  starting: Promise<Result<Instance>>;
  abort: AbortController;
  timer: NodeJS.Timeout;
}> & { live: boolean; residentMb: number };

/**
 * Keeps started but unused processes for the most recently used sites, as many as the memory budget allows: the next
 * request finds Node and Next's own code loaded. Each runs in its own deployment's sandbox, and no application code has
 * run in it.
 */
export class PrewarmPool {
  readonly #ports: PrewarmPoolPorts;
  readonly #entries = new Map<DeploymentId, Entry>();
  /** Of deployments without an entry. */
  readonly #pending = new PendingOperations();
  #closed = false;
  #checkTimer: NodeJS.Timeout | undefined;

  constructor(ports: PrewarmPoolPorts) {
    this.#ports = ports;
  }

  count(): number {
    return this.#entries.size;
  }

  /** Takes the instance that was started, or is starting, for exactly this plan. */
  async claim(plan: InstancePlan): Promise<Instance | undefined> {
    const entry = this.#detach(plan.deploymentId);
    if (entry === undefined) return undefined;
    const instance = (await entry.fingerprint) === (await startFingerprint(plan)) ? await entry.starting : undefined;
    if (instance?.ok === true && instance.value.alive()) return instance.value;
    await this.#terminate(entry);
    return undefined;
  }

  /**
   * Starts an instance unless the deployment has one. Over the budget, the oldest is evicted; live ones (those that
   * serve production) only for other live ones.
   */
  async prewarm(plan: InstancePlan, live: boolean): Promise<void> {
    const { deploymentId } = plan;
    const unwanted = (): boolean => this.#closed || this.#entries.has(deploymentId);
    if (unwanted()) return;
    const candidate = { plan, live, residentMb: ESTIMATED_INSTANCE_MB };
    const entry =
      this.#overBudget(candidate).length === 0
        ? this.#admit(candidate)
        : await this.#pending.run(deploymentId, async (operation) => {
            await this.#refreshLive();
            return operation.discarded || unwanted() ? undefined : this.#admit(candidate);
          });
    if (entry === undefined) return;
    // The next request starts a new instance, and reports the error when that fails.
    const onExit = (): void => {
      if (this.#entries.get(deploymentId) === entry) void this.#evict(deploymentId);
    };
    const instance = await entry.starting;
    if (instance.ok) void instance.value.exited.then(onExit);
    else onExit();
  }

  /**
   * Removes the deployment's instance without calling `onEvict`. Resolves when none of its processes is left, evicted
   * ones included.
   */
  async discard(deploymentId: DeploymentId): Promise<void> {
    const before = this.#pending.discard(deploymentId);
    await Promise.all([this.#terminate(this.#detach(deploymentId)), before]);
  }

  /** Evicts what no longer fits the budget. Also runs every few seconds while the pool is not empty. */
  evictForMemory(): void {
    void this.#evictOverBudget();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#checkTimer);
    const terminated = [...this.#entries.keys()].map((deploymentId) => this.#terminate(this.#detach(deploymentId)));
    await Promise.all([...terminated, this.#pending.settled()]);
  }

  #detach(deploymentId: DeploymentId): Entry | undefined {
    const entry = this.#entries.get(deploymentId);
    this.#entries.delete(deploymentId);
    clearTimeout(entry?.timer);
    return entry;
  }

  async #terminate(entry: Entry | undefined, then?: (plan: InstancePlan) => Promise<void>): Promise<void> {
    if (entry === undefined) return;
    await this.#pending.run(entry.plan.deploymentId, async (operation) => {
      entry.abort.abort();
      const instance = await entry.starting;
      if (instance.ok) await instance.value.discard();
      if (!operation.discarded && !this.#closed) await then?.(entry.plan);
    });
  }

  #evict(deploymentId: DeploymentId): Promise<void> {
    return this.#terminate(this.#detach(deploymentId), (plan) => this.#ports.onEvict(plan));
  }

  #overBudget(...candidates: readonly Candidate[]): readonly Candidate[] {
    const { availableMb, settings } = this.#ports;
    return selectEvictions([...this.#entries.values(), ...candidates], availableMb(), settings);
  }

  async #evictOverBudget(): Promise<void> {
    if (this.#overBudget().length === 0) return;
    await this.#refreshLive();
    for (const { plan } of this.#overBudget()) void this.#evict(plan.deploymentId);
  }

  /** Refreshes which entries serve production, before an eviction. A lookup that fails changes nothing. */
  async #refreshLive(): Promise<void> {
    await Promise.all(
      [...this.#entries.values()].map(async (entry) => {
        entry.live = await this.#ports.isLive(entry.plan.deploymentId).catch(() => entry.live);
      }),
    );
  }

  /** Evicts for the candidate and starts its process, or returns undefined where others have precedence. */
  #admit(candidate: Candidate): Entry | undefined {
    const { plan } = candidate;
    const { start, settings } = this.#ports;
    const evicted = this.#overBudget(candidate);
    for (const other of evicted) if (other !== candidate) void this.#evict(other.plan.deploymentId);
    if (evicted.includes(candidate)) return undefined;
    const abort = new AbortController();
    const entry: Entry = {
      ...candidate,
      fingerprint: startFingerprint(plan),
      abort,
      starting: start(plan, abort.signal),
      timer: setTimeout(() => void this.#evict(plan.deploymentId), settings.prewarmTtlMs).unref(),
    };
    if (this.#entries.size === 0) {
      clearInterval(this.#checkTimer);
      this.#checkTimer = setInterval(() => void this.#checkMemory(), settings.prewarmCheckMs).unref();
    }
    this.#entries.set(plan.deploymentId, entry);
    return entry;
  }

  async #checkMemory(): Promise<void> {
    await Promise.all(
      [...this.#entries.values()].map(async (entry) => {
        const instance = await entry.starting;
        const residentMb = instance.ok ? await instance.value.residentMb() : 0;
        if (residentMb > 0) entry.residentMb = residentMb;
      }),
    );
    if (this.#entries.size === 0) clearInterval(this.#checkTimer);
    else await this.#evictOverBudget();
  }
}
