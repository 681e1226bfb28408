import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import type { Backoff } from './backoff.ts';
import type { InstanceSet } from './instance-set.ts';
import type { InstanceFactory } from './instance.ts';
import { idOf, type LeasedInstance } from './leases.ts';

export type InstanceExitsPorts = Readonly<{
  deploymentId: DeploymentId;
  factory: Pick<InstanceFactory, 'logPlatformLine'>;
  clock: Clock;
  instances: InstanceSet;
  backoff: Backoff;
  /** Counts a crash. */
  crashed: () => void;
}>;

/** Follows the instances of one deployment to their exits. */
export class InstanceExits {
  readonly #ports: InstanceExitsPorts;

  constructor(ports: InstanceExitsPorts) {
    this.#ports = ports;
  }

  /** Resolves when the instance has exited: it was drained, or crashed, for which the next start is delayed. */
  async follow(member: LeasedInstance): Promise<'drained' | 'crashed'> {
    const { clock, instances, backoff, factory, deploymentId } = this.#ports;
    const { reason, cacheFull } = await member.instance.exited;
    instances.remove(member);
    member.release();
    if (member.draining) {
      await instances.cacheSettled(); // what is prewarmed meanwhile would write to what is being emptied
      return 'drained';
    }
    this.#ports.crashed();
    if (cacheFull) await instances.emptyCache();
    const now = clock.now();
    const error = anchorError(
      'function_start_failed',
      `The function exited by itself: ${reason}`,
      'Read the run log with `anchor logs --run`.',
    );
    const pause = backoff.crashed(now, now - member.since, error);
    const text = `${idOf(member)} exited by itself: ${reason}; the next start is allowed in ${pause}`;
    factory.logPlatformLine(deploymentId, 'error', text);
    return 'crashed';
  }
}
