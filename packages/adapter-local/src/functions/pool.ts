import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { Acquired } from '@anchor/core/ports/function-host.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { createCapacity } from './capacity.ts';
import { createGroup, type Group } from './group.ts';
import { createHistogram } from './histogram.ts';
import type { Launcher } from './launch.ts';
import type { HostStatus } from './protocol.ts';
import type { FunctionHostSettings } from './settings.ts';

/** Every function of this machine. `caller` names an edge worker. */
export type Pool = Readonly<{
  acquire(caller: string, deploymentId: DeploymentId): Promise<Result<Acquired>>;
  /** Answers the deployments that the caller must acquire again. */
  touch(caller: string, use: ReadonlyMap<DeploymentId, number>): readonly DeploymentId[];
  stop(deploymentId: DeploymentId): Promise<void>;
  prepare(deploymentId: DeploymentId): Promise<Result<void>>;
  status(): Promise<HostStatus>;
  /** Drains everything. */
  close(): Promise<void>;
}>;

/** A deployment's counters are forgotten this long after its last use. */
const FORGET_MS = 3_600_000;

export function createPool(ports: Readonly<{ launcher: Launcher; clock: Clock; settings: FunctionHostSettings }>): Pool {
  const { launcher, clock, settings } = ports;
  const groups = new Map<DeploymentId, Group>();
  const coldStarts = createHistogram();
  let starts = 0;
  let crashes = 0;

  const evict = (): boolean => [...groups.values()].sort((a, b) => a.lastUsed() - b.lastUsed()).some((group) => group.evict());
  const capacity = createCapacity(settings, evict);
  const started = (startMs: number): void => {
    starts++;
    coldStarts.add(startMs);
  };
  const crashed = (): void => void crashes++;

  function groupOf(deploymentId: DeploymentId): Group {
    let group = groups.get(deploymentId);
    if (group === undefined) {
      const now = clock.now();
      for (const [id, old] of groups) if (old.empty() && old.lastUsed() + FORGET_MS < now) groups.delete(id);
      group = createGroup(deploymentId, { launcher, capacity, clock, settings, started, crashed });
      groups.set(deploymentId, group);
    }
    return group;
  }

  return {
    acquire: (caller, deploymentId) => groupOf(deploymentId).acquire(caller),
    touch: (caller, use) => [...use].filter(([deploymentId, inflight]) => groups.get(deploymentId)?.touch(caller, inflight) !== true).map(([deploymentId]) => deploymentId),
    async stop(deploymentId) {
      await groups.get(deploymentId)?.stop(false);
      await launcher.standDown(deploymentId);
    },
    prepare: (deploymentId) => launcher.standBy(deploymentId),
    async status() {
      const instances: HostStatus['instances'][number][] = [];
      for (const [deployment, group] of groups) {
        for (const { instance, since, draining, withdrawn } of group.members()) {
          const state = draining ? 'draining' : withdrawn ? 'withdrawn' : 'ready';
          instances.push({ id: instance.upstream.instance, deployment, state, pid: instance.pid, since, startMs: instance.startMs, memoryLimitMb: instance.memoryMb, memoryPeakMb: await instance.memoryPeakMb(), inflight: group.inflight() });
        }
      }
      return { instances, starts, crashes, coldStartMs: coldStarts.snapshot(), standbys: launcher.standbys(), waiting: launcher.waiting(), used: capacity.used(), limits: { instances: settings.maxInstances, memoryMb: settings.memoryMb } };
    },
    async close() {
      await Promise.all([...groups.values()].map((group) => group.stop(true)));
      await launcher.close();
    },
  };
}
