import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { Instance } from './launch.ts';
import { sightOf, type InstancePlan } from './place.ts';
import type { FunctionHostSettings } from './settings.ts';
import { ASSUMED_MB, whoGivesWay, type Waiter } from './waiting-room.ts';

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
  /** Resolves when no process of it is left, those included that were given up before and still end, and leaves nothing in their place. */
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
  /** Whether production is served by it now: while it waits it may be promoted, or another may take its place. */
  isLive(deploymentId: DeploymentId): Promise<boolean>;
  settings: Pick<FunctionHostSettings, 'waiting' | 'waitingMb' | 'waitingMs' | 'waitingLookMs'>;
  /** Memory that the machine could give out now, in MiB. */
  availableMb(): number;
}>;

type Newcomer = Waiter & Readonly<{ plan: InstancePlan }>;
type Entry = Readonly<{ plan: InstancePlan; sight: Promise<string>; starting: Promise<Result<Instance>>; abort: AbortController; timer: NodeJS.Timeout }> & { live: boolean; heldMb: number };
/** Something under way for a deployment that has no entry, or none yet. */
type Errand = { readonly deploymentId: DeploymentId; readonly done: Promise<void>; dropped: boolean };

export function createWaiting({ start, fallBack, isLive, settings, availableMb }: WaitingPorts): Waiting {
  const entries = new Map<DeploymentId, Entry>();
  const errands = new Set<Errand>();
  let closed = false;
  let looks: NodeJS.Timeout | undefined;

  function pull(deploymentId: DeploymentId): Entry | undefined {
    const entry = entries.get(deploymentId);
    entries.delete(deploymentId);
    clearTimeout(entry?.timer);
    return entry;
  }
  /** Lets `drop` and `close` wait for what no entry tells of; a drop marks it, so that it leaves nothing behind. */
  async function run<T>(deploymentId: DeploymentId, work: (errand: Errand) => Promise<T>): Promise<T> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const errand: Errand = { deploymentId, done, dropped: false };
    errands.add(errand);
    try {
      return await work(errand);
    } finally {
      errands.delete(errand);
      resolve();
    }
  }
  async function end(entry: Entry | undefined, then?: (plan: InstancePlan) => Promise<void>): Promise<void> {
    if (entry === undefined) return;
    await run(entry.plan.deploymentId, async (errand) => {
      entry.abort.abort();
      const instance = await entry.starting;
      if (instance.ok) await instance.value.discard();
      if (!errand.dropped && !closed) await then?.(entry.plan);
    });
  }
  const giveUp = (deploymentId: DeploymentId): Promise<void> => end(pull(deploymentId), fallBack);

  const leaving = (...newcomers: readonly Newcomer[]): readonly Newcomer[] => whoGivesWay([...entries.values(), ...newcomers], availableMb(), settings);
  /** Only when one has to go is it worth asking who production is served by. Where nobody can tell, it is as it was. */
  async function askAgain(): Promise<void> {
    await Promise.all([...entries.values()].map(async (entry) => {
      entry.live = await isLive(entry.plan.deploymentId).catch(() => entry.live);
    }));
  }
  async function giveWay(): Promise<void> {
    if (leaving().length === 0) return;
    await askAgain();
    for (const { plan } of leaving()) void giveUp(plan.deploymentId);
  }
  async function look(): Promise<void> {
    await Promise.all([...entries.values()].map(async (entry) => {
      const instance = await entry.starting;
      const heldMb = instance.ok ? await instance.value.heldMb() : 0;
      if (heldMb > 0) entry.heldMb = heldMb;
    }));
    if (entries.size === 0) clearInterval(looks);
    else await giveWay();
  }

  /** Makes room for it and starts its process, or leaves it where others have more of a right. */
  function admit(newcomer: Newcomer): Entry | undefined {
    const { plan } = newcomer;
    const others = leaving(newcomer);
    for (const other of others) if (other !== newcomer) void giveUp(other.plan.deploymentId);
    if (others.includes(newcomer)) return undefined;
    const abort = new AbortController();
    const entry: Entry = { ...newcomer, sight: sightOf(plan), abort, starting: start(plan, abort.signal), timer: setTimeout(() => void giveUp(plan.deploymentId), settings.waitingMs).unref() };
    if (entries.size === 0) {
      clearInterval(looks);
      looks = setInterval(() => void look(), settings.waitingLookMs).unref();
    }
    entries.set(plan.deploymentId, entry);
    return entry;
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
      const { deploymentId } = plan;
      const unwanted = (): boolean => closed || entries.has(deploymentId);
      if (unwanted()) return;
      const newcomer = { plan, live, heldMb: ASSUMED_MB };
      const entry = leaving(newcomer).length === 0 ? admit(newcomer) : await run(deploymentId, async (errand) => {
        await askAgain();
        return errand.dropped || unwanted() ? undefined : admit(newcomer);
      });
      if (entry === undefined) return;
      // The next request starts it anew, and is told why when that fails.
      const lost = (): void => {
        if (entries.get(deploymentId) === entry) void giveUp(deploymentId);
      };
      const instance = await entry.starting;
      if (instance.ok) void instance.value.gone.then(lost);
      else lost();
    },
    async drop(deploymentId) {
      const before = [...errands].filter((errand) => errand.deploymentId === deploymentId);
      for (const errand of before) errand.dropped = true;
      await Promise.all([end(pull(deploymentId)), ...before.map(({ done }) => done)]);
    },
    giveWay: () => void giveWay(),
    count: () => entries.size,
    async close() {
      closed = true;
      clearInterval(looks);
      await Promise.all([...[...entries.keys()].map((deploymentId) => end(pull(deploymentId))), ...[...errands].map(({ done }) => done)]);
    },
  };
}
