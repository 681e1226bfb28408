import type { ProjectId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { InstanceSet } from './instance-set.ts';
import type { InstanceStarts } from './instance-starts.ts';
import type { LeaseTable } from './leases.ts';
import type { EvictionCandidate } from './instance-eviction.ts';
import type { Demand } from './scaling-plan.ts';

export type DeploymentEvictionPorts = Readonly<{
  clock: Clock;
  instances: InstanceSet;
  starts: InstanceStarts;
  leases: LeaseTable;
  demand: Readonly<Demand>;
}>;

/** Seconds that a busy instance has to exit when it is preempted: of previews, and of live deployments. */
const [PREEMPT_SECONDS, PREEMPT_LIVE_SECONDS] = [1, 5];

/** Evicts the instances of one deployment for starts of others. */
export class DeploymentEviction implements EvictionCandidate {
  readonly #ports: DeploymentEvictionPorts;

  constructor(ports: DeploymentEvictionPorts) {
    this.#ports = ports;
  }

  projectId(): ProjectId | undefined {
    return this.#ports.starts.projectId;
  }

  live(): boolean {
    return this.#ports.starts.live;
  }

  refreshLive(): Promise<void> {
    return this.#ports.starts.refreshLive();
  }

  lastUsed(): number {
    return this.#ports.demand.lastUsed;
  }

  evict(): boolean {
    const { clock, demand, instances, leases, starts } = this.#ports;
    const now = clock.now();
    const all = instances.all();
    const idle =
      starts.count === 0 &&
      leases.inflight(now) === 0 &&
      all.every((member) => member.leasedUntil <= now && !member.draining);
    if (!idle || all.length === 0 || (demand.minimum > 0 && demand.firm)) return false;
    for (const member of all)
      void instances.drain(member, 'evicted: another function needs the memory', starts.limits.drainSeconds);
    return true;
  }

  preempt(): boolean {
    const ready = this.#ports.instances.ready();
    const member = ready.at(-1);
    // The first instance stays; the others are evicted for a project that holds less, or for a new deployment.
    if (member === undefined || (this.live() && ready.length <= 1)) return false;
    const seconds = this.live() ? PREEMPT_LIVE_SECONDS : PREEMPT_SECONDS;
    void this.#ports.instances.drain(member, 'evicted: a start of another project needs its memory', seconds);
    return true;
  }
}
