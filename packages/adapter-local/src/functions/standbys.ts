import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { openPlace, type InstancePlan, type Place, type PlacePorts } from './place.ts';

/** Empty sandboxes of functions that are scaled to zero, so that the next start has only to start the process. */
export type Standbys = Readonly<{
  /** The one that waits for this plan, or a new one. */
  take(plan: InstancePlan): Promise<Result<Place>>;
  /** Makes one when there is none; the one that waits longest gives way when there are too many. Resolves when it waits. */
  keep(plan: InstancePlan): Promise<void>;
  drop(deploymentId: DeploymentId): Promise<void>;
  count(): number;
  close(): Promise<void>;
}>;

export function createStandbys(ports: PlacePorts): Standbys {
  const waiting = new Map<DeploymentId, Promise<Result<Place>>>();
  let closed = false;

  async function drop(deploymentId: DeploymentId): Promise<void> {
    const place = await pull(deploymentId);
    if (place?.ok === true) await place.value.remove();
  }
  function pull(deploymentId: DeploymentId): Promise<Result<Place>> | undefined {
    const place = waiting.get(deploymentId);
    waiting.delete(deploymentId);
    return place;
  }

  return {
    async take(plan) {
      const place = await pull(plan.deploymentId);
      if (place?.ok === true) {
        if (await place.value.fits(plan)) return place;
        await place.value.remove();
      }
      return openPlace(plan, ports);
    },
    async keep(plan) {
      if (closed || ports.settings.standbys === 0 || waiting.has(plan.deploymentId)) return;
      const [oldest] = waiting.keys();
      if (oldest !== undefined && waiting.size >= ports.settings.standbys) void drop(oldest);
      const place = openPlace(plan, ports);
      waiting.set(plan.deploymentId, place);
      if (!(await place).ok && waiting.get(plan.deploymentId) === place) waiting.delete(plan.deploymentId);
    },
    drop,
    count: () => waiting.size,
    async close() {
      closed = true;
      await Promise.all([...waiting.keys()].map(drop));
    },
  };
}
