import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { Acquired } from '@anchor/core/ports/function-host.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { DeploymentScaler } from './deployment-scaler.ts';
import { Histogram } from './histogram.ts';
import type { InstanceFactory } from './instance.ts';
import type { LeasedInstance } from './leases.ts';
import { evictFor } from './instance-eviction.ts';
import { MemoryBudget, type Claim, type Shortage } from './memory-budget.ts';
import type { HostStatus } from './protocol.ts';
import type { FunctionHostSettings } from './settings.ts';
import { steadyClock } from './steady-clock.ts';

export type FunctionSchedulerPorts = Readonly<{
  factory: InstanceFactory;
  clock: Clock;
  settings: FunctionHostSettings;
}>;

/** A deployment's counters are forgotten this long after its last use. */
const FORGET_MS = 3_600_000;
const REFRESH_LIVE_MS = 1_000;

/** Schedules all functions of this machine. `caller` names an edge worker. */
export class FunctionScheduler {
  readonly #ports: FunctionSchedulerPorts;
  readonly #budget: MemoryBudget;
  readonly #scalers = new Map<DeploymentId, DeploymentScaler>();
  readonly #coldStarts = new Histogram();
  #starts = 0;
  #crashes = 0;
  #refreshedAt = -Infinity;

  constructor(ports: FunctionSchedulerPorts) {
    this.#ports = { ...ports, clock: steadyClock(ports.clock) };
    this.#budget = new MemoryBudget(ports.settings, (claim, shortage) => this.#evict(claim, shortage));
  }

  acquire(caller: string, deploymentId: DeploymentId): Promise<Result<Acquired>> {
    return this.#scalerOf(deploymentId).acquire(caller);
  }

  /** Renews leases, and returns the deployments that the caller must acquire again. */
  touch(caller: string, use: ReadonlyMap<DeploymentId, number>): readonly DeploymentId[] {
    return [...use]
      .filter(([deploymentId, inflight]) => this.#scalers.get(deploymentId)?.touch(caller, inflight) !== true)
      .map(([deploymentId]) => deploymentId);
  }

  async stop(deploymentId: DeploymentId): Promise<void> {
    await this.#scalers.get(deploymentId)?.stop(false);
    await this.#ports.factory.releaseWarm(deploymentId);
  }

  /** Sets the minimum number of instances of a deployment. */
  keep(deploymentId: DeploymentId, count: number, firm = true): void {
    this.#scalerOf(deploymentId).keep(count, firm);
  }

  prepare(deploymentId: DeploymentId): Promise<Result<void>> {
    return this.#ports.factory.prewarm(deploymentId);
  }

  async status(): Promise<HostStatus> {
    const { factory, settings } = this.#ports;
    const instances: HostStatus['instances'][number][] = [];
    for (const [deployment, scaler] of this.#scalers)
      for (const member of scaler.members()) instances.push(await describe(deployment, member, scaler.inflight()));
    return {
      instances,
      starts: this.#starts,
      crashes: this.#crashes,
      coldStartMs: this.#coldStarts.snapshot(),
      warmSandboxes: factory.warmCount(),
      prewarmed: factory.prewarmedCount(),
      used: this.#budget.used(),
      limits: { instances: settings.maxInstances, memoryMb: settings.memoryMb },
    };
  }

  /** Drains everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#scalers.values()].map((scaler) => scaler.stop(true)));
    await this.#ports.factory.close();
  }

  #scalerOf(deploymentId: DeploymentId): DeploymentScaler {
    const known = this.#scalers.get(deploymentId);
    if (known !== undefined) return known;
    const forget = this.#ports.clock.now() - FORGET_MS;
    for (const [id, old] of this.#scalers) if (old.empty() && old.lastUsed() < forget) this.#scalers.delete(id);
    const scaler = new DeploymentScaler(deploymentId, {
      ...this.#ports,
      budget: this.#budget,
      started: (startMs) => {
        this.#starts++;
        this.#coldStarts.add(startMs);
      },
      crashed: () => void this.#crashes++,
    });
    this.#scalers.set(deploymentId, scaler);
    return scaler;
  }

  async #evict(claim: Claim, shortage: Shortage): Promise<boolean> {
    const evictions = [...this.#scalers.values()].map((scaler) => scaler.eviction);
    // Promotions since their start matter only while memory is short, and not each time.
    if (performance.now() - this.#refreshedAt > REFRESH_LIVE_MS)
      await Promise.all(evictions.map((eviction) => eviction.refreshLive()));
    this.#refreshedAt = performance.now();
    return evictFor(claim, shortage, evictions, (projectId) => this.#budget.heldBy(projectId));
  }
}

async function describe(
  deployment: DeploymentId,
  { instance, since, draining, cordoned }: LeasedInstance,
  inflight: number,
): Promise<HostStatus['instances'][number]> {
  return {
    id: instance.upstream.instance,
    deployment,
    state: draining ? 'draining' : cordoned ? 'cordoned' : 'ready',
    pid: instance.pid,
    since,
    startMs: instance.startMs,
    memoryLimitMb: instance.memoryMb,
    memoryPeakMb: await instance.memoryPeakMb(),
    inflight,
  };
}
