import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { Acquired } from '@anchor/core/ports/function-host.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { Backoff } from './backoff.ts';
import { DeploymentEviction } from './deployment-eviction.ts';
import { InstanceExits } from './instance-exits.ts';
import { InstanceSet } from './instance-set.ts';
import { InstanceStarts } from './instance-starts.ts';
import type { Instance, InstanceFactory } from './instance.ts';
import { idOf, LeaseTable, type LeasedInstance } from './leases.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { planScaling, type Demand } from './scaling-plan.ts';
import type { FunctionHostSettings } from './settings.ts';

export type DeploymentScalerPorts = Readonly<{
  factory: InstanceFactory;
  budget: MemoryBudget;
  clock: Clock;
  settings: FunctionHostSettings;
  started: (startMs: number) => void;
  crashed: () => void;
}>;

/** Least time between two scheduled reconciles. */
const MIN_RECONCILE_MS = 25;
/** Between two lists of what idle instances still held. */
const IDLE_LOG_MS = 3_600_000;
/** How many starts one `acquire` waits for, when each instance exits before it is leased. */
const MAX_STARTS = 4;

/**
 * Scales the instances of one deployment. Whatever changes (a lease, the load, the minimum, an instance that is ready,
 * time), `#reconcile` compares the desired instances with the actual ones.
 */
export class DeploymentScaler {
  readonly #deploymentId: DeploymentId;
  readonly #ports: DeploymentScalerPorts;
  readonly #demand: Demand;
  readonly #backoff: Backoff;
  readonly #instances: InstanceSet;
  readonly #starts: InstanceStarts;
  readonly #exits: InstanceExits;
  readonly #leases: LeaseTable;
  /** Evicts the instances for starts of others. */
  readonly eviction: DeploymentEviction;
  #lastIdleLogAt = -Infinity;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(deploymentId: DeploymentId, ports: DeploymentScalerPorts) {
    const now = ports.clock.now();
    this.#deploymentId = deploymentId;
    this.#ports = ports;
    this.#demand = { minimum: 0, firm: false, acquiring: 0, lastUsed: now, lastSaturatedAt: now };
    this.#backoff = new Backoff(ports.settings);
    this.#instances = new InstanceSet(deploymentId, ports.factory);
    this.#leases = new LeaseTable(ports.settings);
    const parts = { ...ports, deploymentId, instances: this.#instances, backoff: this.#backoff };
    this.#exits = new InstanceExits(parts);
    this.#starts = new InstanceStarts({ ...parts, admit: (instance, release) => this.#admit(instance, release) });
    this.eviction = new DeploymentEviction({
      ...parts,
      starts: this.#starts,
      leases: this.#leases,
      demand: this.#demand,
    });
  }

  /** Leases every ready instance to the caller. Starts one when none is ready. */
  async acquire(caller: string): Promise<Result<Acquired>> {
    this.#demand.acquiring++;
    try {
      for (let starts = 0; ; starts++) {
        const now = this.#use();
        this.#reconcile(now);
        if (this.#instances.ready().length > 0) return ok(this.#grant(caller, now));
        if (starts === MAX_STARTS) break;
        const started = await this.#starts.join();
        if (!started.ok) return started;
      }
    } finally {
      this.#demand.acquiring--;
    }
    return fail(
      'function_start_failed',
      'The function stops as soon as it has started',
      'Read the run log with `anchor logs --run`.',
    );
  }

  /** Renews the caller's lease. Returns false when the caller must acquire again. */
  touch(caller: string, inflight: number): boolean {
    const now = this.#use();
    const renewed = this.#leases.renew(caller, this.#instances.all(), now, inflight);
    this.#reconcile(now);
    return renewed;
  }

  /** Sets the minimum number of instances. Unless `firm`, they use only memory that is free. */
  keep(minimum: number, firm: boolean): void {
    Object.assign(this.#demand, { minimum, firm });
    this.#reconcile(this.#ports.clock.now());
  }

  /** Cordons every instance, waits for their leases unless `atOnce`, and drains them. */
  async stop(atOnce: boolean): Promise<void> {
    this.#stopping = true;
    await this.#starts.abort();
    const all = this.#instances.all();
    for (const member of all) member.cordoned = true;
    await Promise.all(
      all.map(async (member) => {
        const wait = atOnce ? 0 : member.leasedUntil - this.#ports.clock.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        if (member.cordoned) await this.#drain(member, 'the deployment was stopped');
      }),
    );
    this.#stopping = false;
  }

  members(): readonly LeasedInstance[] {
    return this.#instances.all();
  }

  inflight(): number {
    return this.#leases.inflight(this.#ports.clock.now());
  }

  lastUsed(): number {
    return this.#demand.lastUsed;
  }

  /** Returns whether nothing runs, starts or pauses after a crash. */
  empty(): boolean {
    const pause = this.#backoff.remaining(this.#ports.clock.now());
    return this.#instances.size === 0 && this.#starts.count === 0 && pause === 0;
  }

  /** Compares the desired instances with the actual ones, acts on the difference, and schedules the next reconcile. */
  #reconcile(now: number): void {
    const plan = planScaling(
      {
        ...this.#demand,
        minimum: this.#stopping ? 0 : this.#demand.minimum,
        now,
        inflight: this.#leases.inflight(now),
        instances: this.#instances.all(),
        startsInFlight: this.#starts.count,
        mayStart: this.#backoff.remaining(now) === 0,
      },
      { project: this.#starts.limits, host: this.#ports.settings },
    );
    this.#demand.lastSaturatedAt = plan.lastSaturatedAt;
    for (const member of plan.uncordon) member.cordoned = false;
    if (plan.cordon !== undefined) plan.cordon.cordoned = true;
    for (const purpose of plan.start) this.#background(this.#starts.start(purpose));
    for (const member of plan.drain)
      this.#background(plan.idle ? this.#drainIdle(member, now) : this.#drain(member, 'scaled down'));
    clearTimeout(this.#timer);
    if (plan.nextAt === undefined) return;
    const wait = Math.max(MIN_RECONCILE_MS, plan.nextAt - now);
    this.#timer = setTimeout(() => this.#reconcile(this.#ports.clock.now()), wait).unref();
  }

  /** Notes that a request uses the deployment. Returns the time. */
  #use(): number {
    this.#demand.lastUsed = this.#ports.clock.now();
    return this.#demand.lastUsed;
  }

  #grant(caller: string, now: number): Acquired {
    const ready = this.#instances.ready();
    this.#leases.grant(caller, ready, now);
    return {
      upstreams: ready.map((member) => member.instance.upstream),
      leaseMs: this.#ports.settings.leaseMs,
      timeoutMs: this.#starts.limits.timeoutSeconds * 1_000,
    };
  }

  #admit(instance: Instance, release: () => void): void {
    const now = this.#ports.clock.now();
    const leasedUntil = now + this.#ports.settings.leaseMs;
    const member: LeasedInstance = { instance, since: now, release, leasedUntil, cordoned: false, draining: false };
    this.#instances.add(member);
    this.#ports.started(instance.startMs);
    const text = `started ${idOf(member)} in ${instance.startMs} ms`;
    this.#ports.factory.logPlatformLine(this.#deploymentId, 'info', text);
    this.#demand.lastSaturatedAt = now;
    // After the response to the request that waits for it.
    setImmediate(() => this.#background(this.#starts.refreshLive()));
    this.#background(this.#follow(member));
    this.#reconcile(now);
  }

  /** Logs the failure of work that no request waits for: a rejection that is not handled would end the host. */
  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const text = `the function host failed: ${error instanceof Error ? error.message : String(error)}`;
      this.#ports.factory.logPlatformLine(this.#deploymentId, 'error', text);
    });
  }

  /** Prewarms the deployment when its last instance has been drained. */
  async #follow(member: LeasedInstance): Promise<void> {
    const how = await this.#exits.follow(member);
    const gone = this.#instances.size === 0 && this.#starts.count === 0;
    if (how === 'drained' && gone && !this.#stopping) await this.#ports.factory.prewarm(this.#deploymentId);
  }

  #drain(member: LeasedInstance, why: string, idle = false): Promise<void> {
    return this.#instances.drain(member, why, this.#starts.limits.drainSeconds, idle);
  }

  /** Now and then the run log gets the timers and connections that an idle instance held: they stop with it. */
  #drainIdle(member: LeasedInstance, now: number): Promise<void> {
    const shouldLog = now - this.#lastIdleLogAt > IDLE_LOG_MS;
    if (shouldLog) this.#lastIdleLogAt = now;
    return this.#drain(member, `idle for ${this.#starts.limits.idleSeconds} s`, shouldLog);
  }
}
