import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { InstanceFactory } from './instance.ts';
import { idOf, type LeasedInstance } from './leases.ts';

/** Seconds that the others have to exit when the cache of a deployment is full. */
const CACHE_FULL_DRAIN_SECONDS = 1;

/** The running instances of one deployment, and the cache that they share. */
export class InstanceSet {
  readonly #deploymentId: DeploymentId;
  readonly #factory: Pick<InstanceFactory, 'clearCache' | 'logPlatformLine'>;
  readonly #instances = new Map<string, LeasedInstance>();
  #clearing: Promise<void> | undefined;

  constructor(deploymentId: DeploymentId, factory: Pick<InstanceFactory, 'clearCache' | 'logPlatformLine'>) {
    this.#deploymentId = deploymentId;
    this.#factory = factory;
  }

  get size(): number {
    return this.#instances.size;
  }

  all(): readonly LeasedInstance[] {
    return [...this.#instances.values()];
  }

  /** Returns the instances that may receive new leases, the oldest first. */
  ready(): readonly LeasedInstance[] {
    return this.all().filter((member) => !member.cordoned);
  }

  add(member: LeasedInstance): void {
    this.#instances.set(idOf(member), member);
  }

  remove(member: LeasedInstance): void {
    this.#instances.delete(idOf(member));
  }

  /** Stops an instance: SIGTERM, and SIGKILL after `seconds`. Resolves when it has exited. */
  drain(member: LeasedInstance, why: string, seconds: number, idle = false): Promise<void> {
    if (!member.draining) {
      member.cordoned = true;
      member.draining = true;
      this.#factory.logPlatformLine(this.#deploymentId, 'info', `stopping ${idOf(member)}: ${why}`);
    }
    return member.instance.drain(seconds, idle);
  }

  /** Resolves when the cache is not being emptied. */
  async cacheSettled(): Promise<void> {
    await this.#clearing;
  }

  /** Drains every instance, because all share the cache, and empties it. Nothing may start before it is empty. */
  async emptyCache(): Promise<void> {
    const emptied = Promise.all(
      this.all().map((member) => this.drain(member, 'the cache is full', CACHE_FULL_DRAIN_SECONDS)),
    ).then(() => this.#factory.clearCache(this.#deploymentId));
    this.#clearing = emptied;
    await emptied;
    this.#clearing = undefined;
  }
}
