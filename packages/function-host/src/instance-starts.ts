import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import { DEFAULT_FUNCTIONS, type FunctionSettings } from '@anchor/core/projects/project.ts';
import { err, ok, type Result } from '@anchor/core/result/result.ts';
import type { Backoff } from './backoff.ts';
import type { InstanceSet } from './instance-set.ts';
import type { Instance, InstanceFactory } from './instance.ts';
import type { Claim, MemoryBudget } from './memory-budget.ts';
import type { FunctionHostSettings } from './settings.ts';

export type InstanceStartsPorts = Readonly<{
  deploymentId: DeploymentId;
  factory: InstanceFactory;
  budget: MemoryBudget;
  clock: Clock;
  settings: Pick<FunctionHostSettings, 'backoffWaitMs'>;
  instances: InstanceSet;
  backoff: Backoff;
  /** Adds a started instance; `release` returns its memory to the budget. */
  admit(instance: Instance, release: () => void): void;
}>;

/**
 * What a start may do for memory. `needed`: evict others. `spare`: only take what is free. `kept`: as `spare`, unless
 * it is the deployment's only instance when it reserves its memory.
 */
export type StartPurpose = 'needed' | 'kept' | 'spare';

/** Between two equal lines in the run log. */
const REPEAT_LOG_MS = 60_000;

/** The starts in flight of one deployment's instances. */
export class InstanceStarts {
  readonly #ports: InstanceStartsPorts;
  readonly #inFlight = new Map<Promise<Result<void>>, StartPurpose>();
  #abort = new AbortController();
  #limits: FunctionSettings = DEFAULT_FUNCTIONS;
  #projectId: ProjectId | undefined;
  #live = false;
  #lastFullLogAt = -Infinity;

  constructor(ports: InstanceStartsPorts) {
    this.#ports = ports;
  }

  /** Number of starts in flight. */
  get count(): number {
    return this.#inFlight.size;
  }

  /** The project's settings as of the last start. */
  get limits(): FunctionSettings {
    return this.#limits;
  }

  /** Undefined before the first start. */
  get projectId(): ProjectId | undefined {
    return this.#projectId;
  }

  /** Whether the deployment served production at the last refresh. */
  get live(): boolean {
    return this.#live;
  }

  async refreshLive(): Promise<void> {
    this.#live = await this.#ports.factory.isLive(this.#ports.deploymentId);
  }

  start(purpose: StartPurpose): Promise<Result<void>> {
    const run = this.#launch(purpose).finally(() => this.#inFlight.delete(run));
    this.#inFlight.set(run, purpose);
    return run;
  }

  /** Waits for the oldest start in flight, or starts an instance. A spare that finds no free memory is not the end. */
  async join(): Promise<Result<void>> {
    const [oldest] = this.#inFlight;
    if (oldest === undefined) return this.start('needed');
    const [run, purpose] = oldest;
    const started = await run;
    return started.ok || purpose === 'needed' ? started : this.join();
  }

  /** Aborts the starts in flight, which must not wait for a process that never listens. Resolves when none is left. */
  async abort(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#inFlight.keys());
    this.#abort = new AbortController();
  }

  async #launch(purpose: StartPurpose): Promise<Result<void>> {
    const { backoff, clock, deploymentId, factory, instances, settings } = this.#ports;
    const pause = backoff.remaining(clock.now());
    if (pause > settings.backoffWaitMs) return err(backoff.error(clock.now()));
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    await instances.cacheSettled();
    const startable = await factory.prepare(deploymentId);
    if (!startable.ok) return startable;
    this.#limits = startable.value.settings;
    this.#projectId = startable.value.projectId;
    const first = instances.size === 0;
    const reserved = await this.#reserve({
      projectId: this.#projectId,
      memoryMb: this.#limits.memoryMb,
      first,
      spare: purpose === 'spare' || (purpose === 'kept' && !(first && this.count === 1)),
    });
    if (!reserved.ok) return reserved;
    const instance = await startable.value.start(this.#abort.signal);
    if (instance.ok) {
      this.#ports.admit(instance.value, reserved.value);
      return ok(undefined);
    }
    reserved.value();
    const next = backoff.startFailed(clock.now(), instance.error);
    factory.logPlatformLine(deploymentId, 'error', `${instance.error.message}; the next start is allowed in ${next}`);
    return instance;
  }

  async #reserve(claim: Omit<Claim, 'live'>): Promise<Result<() => void>> {
    // A project has a host for each of its deployments. Finding production's among thousands takes longer than a start
    // may, and free memory needs no precedence.
    const free = this.#ports.budget.reserveFree(claim);
    if (free !== undefined) return ok(free);
    await this.refreshLive();
    const reserved = await this.#ports.budget.reserve({ ...claim, live: this.#live }, this.#abort.signal);
    if (!reserved.ok) this.#logFull(`${reserved.error.message} (${reserved.error.cause ?? ''})`);
    return reserved;
  }

  #logFull(why: string): void {
    const { clock, deploymentId, factory } = this.#ports;
    const now = clock.now();
    if (now - this.#lastFullLogAt <= REPEAT_LOG_MS) return;
    this.#lastFullLogAt = now;
    factory.logPlatformLine(deploymentId, 'warn', `no instance was started: ${why}`);
  }
}
