import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { Instance } from './launch.ts';
import { sightOf, type InstancePlan } from './place.ts';

/**
 * Functions that were started before anybody asked, for the few that were used last: the next request finds Node and
 * Next's own code loaded. Each sits in its own deployment's sandbox, and nothing of the application has run in it.
 */
export type Waiting = Readonly<{
  /** The one that waits for exactly this plan, or is just starting for it. */
  take(plan: InstancePlan): Promise<Instance | undefined>;
  /**
   * Starts one when there is none. When there are too many, the one that waits longest gives way; those that production
   * is served by (`live`) only to each other, or any preview would make production start cold.
   */
  keep(plan: InstancePlan, live: boolean): Promise<void>;
  drop(deploymentId: DeploymentId): Promise<void>;
  count(): number;
  close(): Promise<void>;
}>;

export type WaitingPorts = Readonly<{
  start(plan: InstancePlan, signal: AbortSignal): Promise<Result<Instance>>;
  /** What is left for a deployment whose process is given up because it waited too long or others wait. */
  fallBack(plan: InstancePlan): Promise<void>;
  /** How many, and for how long each: milliseconds. */
  settings: Readonly<{ waiting: number; waitingMs: number }>;
}>;

type Entry = Readonly<{ plan: InstancePlan; live: boolean; sight: Promise<string>; starting: Promise<Result<Instance>>; abort: AbortController; timer: NodeJS.Timeout }>;

export function createWaiting({ start, fallBack, settings }: WaitingPorts): Waiting {
  const entries = new Map<DeploymentId, Entry>();
  let closed = false;

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
      if (closed || settings.waiting === 0 || entries.has(plan.deploymentId)) return;
      if (entries.size >= settings.waiting) {
        const all = [...entries];
        const [oldest] = all.find(([, entry]) => !entry.live) ?? (live ? all : []).at(0) ?? [];
        if (oldest === undefined) return;
        void giveUp(oldest);
      }
      const abort = new AbortController();
      const entry: Entry = { plan, live, sight: sightOf(plan), abort, starting: start(plan, abort.signal), timer: setTimeout(() => void giveUp(plan.deploymentId), settings.waitingMs).unref() };
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
    count: () => entries.size,
    async close() {
      closed = true;
      await Promise.all([...entries.keys()].map((deploymentId) => end(pull(deploymentId))));
    },
  };
}
