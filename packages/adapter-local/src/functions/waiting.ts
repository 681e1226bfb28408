import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { Instance } from './launch.ts';
import { sightOf, type InstancePlan } from './place.ts';
import type { FunctionHostSettings } from './settings.ts';
import { ASSUMED_MB, whoGivesWay } from './waiting-room.ts';

/**
 * Functions that were started before anybody asked, for the sites that were used last, as many as memory has room for:
 * the next request finds Node and Next's own code loaded. Each sits in its own deployment's sandbox, and nothing of the
 * application has run in it.
 */
export type Waiting = Readonly<{
  /** The one that waits for exactly this plan, or is just starting for it. */
  take(plan: InstancePlan): Promise<Instance | undefined>;
  /**
   * Starts one when there is none. When there is no room for all, the one that waits longest gives way; those that
   * production is served by (`live`) only to each other.
   */
  keep(plan: InstancePlan, live: boolean): Promise<void>;
  drop(deploymentId: DeploymentId): Promise<void>;
  /** Lets go of what memory has no room for any more. Also done every few seconds while any waits. */
  giveWay(): void;
  count(): number;
  close(): Promise<void>;
}>;

export type WaitingPorts = Readonly<{
  start(plan: InstancePlan, signal: AbortSignal): Promise<Result<Instance>>;
  /** What is left for a deployment whose process is given up because it waited too long or others wait. */
  fallBack(plan: InstancePlan): Promise<void>;
  settings: Pick<FunctionHostSettings, 'waiting' | 'waitingMb' | 'waitingMs' | 'waitingLookMs'>;
  /** Memory that the machine could give out now, in MiB. */
  availableMb(): number;
}>;

type Entry = Readonly<{ plan: InstancePlan; live: boolean; sight: Promise<string>; starting: Promise<Result<Instance>>; abort: AbortController; timer: NodeJS.Timeout }> & { heldMb: number };

export function createWaiting({ start, fallBack, settings, availableMb }: WaitingPorts): Waiting {
  const entries = new Map<DeploymentId, Entry>();
  let closed = false;
  let looks: NodeJS.Timeout | undefined;

  function pull(deploymentId: DeploymentId): Entry | undefined {
    const entry = entries.get(deploymentId);
    entries.delete(deploymentId);
    clearTimeout(entry?.timer);
    return entry;
  }
  async function end(entry: Entry | undefined): Promise<void> {
    entry?.abort.abort();
    const instance = await entry?.starting;
    if (instance?.ok === true) await instance.value.discard();
  }
  async function giveUp(deploymentId: DeploymentId): Promise<void> {
    const entry = pull(deploymentId);
    await end(entry);
    if (entry !== undefined && !closed) await fallBack(entry.plan);
  }

  function giveWay(): void {
    for (const { plan } of whoGivesWay([...entries.values()], availableMb(), settings)) void giveUp(plan.deploymentId);
  }
  async function look(): Promise<void> {
    await Promise.all([...entries.values()].map(async (entry) => {
      const instance = await entry.starting;
      const heldMb = instance.ok ? await instance.value.heldMb() : 0;
      if (heldMb > 0) entry.heldMb = heldMb;
    }));
    if (entries.size === 0) clearInterval(looks);
    else giveWay();
  }

  return {
    async take(plan) {
      const entry = pull(plan.deploymentId);
      if (entry === undefined) return undefined;
      const instance = (await entry.sight) === (await sightOf(plan)) ? await entry.starting : undefined;
      if (instance?.ok === true && instance.value.alive()) return instance.value;
      await end(entry);
      return undefined;
    },
    async keep(plan, live) {
      if (closed || entries.has(plan.deploymentId)) return;
      const newcomer = { plan, live, heldMb: ASSUMED_MB };
      const leaving = whoGivesWay([...entries.values(), newcomer], availableMb(), settings);
      for (const { plan } of leaving) if (plan !== newcomer.plan) void giveUp(plan.deploymentId);
      if (leaving.includes(newcomer)) return;
      const abort = new AbortController();
      const entry: Entry = { ...newcomer, sight: sightOf(plan), abort, starting: start(plan, abort.signal), timer: setTimeout(() => void giveUp(plan.deploymentId), settings.waitingMs).unref() };
      if (entries.size === 0) {
        clearInterval(looks);
        looks = setInterval(() => void look(), settings.waitingLookMs).unref();
      }
      entries.set(plan.deploymentId, entry);
      // The next request starts it anew, and is told why when that fails.
      const lost = (): void => {
        if (entries.get(plan.deploymentId) === entry) void giveUp(plan.deploymentId);
      };
      const instance = await entry.starting;
      if (instance.ok) void instance.value.gone.then(lost);
      else lost();
    },
    drop: (deploymentId) => end(pull(deploymentId)),
    giveWay,
    count: () => entries.size,
    async close() {
      closed = true;
      clearInterval(looks);
      await Promise.all([...entries.keys()].map((deploymentId) => end(pull(deploymentId))));
    },
  };
}
