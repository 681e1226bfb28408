import type { FunctionSettings } from '@anchor/core/projects/project.ts';
import type { StartPurpose } from './instance-starts.ts';
import type { LeasedInstance } from './leases.ts';
import type { FunctionHostSettings } from './settings.ts';

/** What one deployment needs instances for. Times in milliseconds. */
export type Demand = {
  /** Instances that run without requests: production's, where the project sets a minimum. */
  minimum: number;
  /** The first of these is never evicted. Unless `firm`, they use only memory that is free. */
  firm: boolean;
  /** Calls in flight that wait for an instance. */
  acquiring: number;
  lastUsed: number;
  /** The last time that every instance was needed. */
  lastSaturatedAt: number;
};

/** The demand, and what there is. */
export type ScalingState = Readonly<Demand> &
  Readonly<{
    now: number;
    /** Requests in flight. */
    inflight: number;
    /** Those that run, the oldest first. */
    instances: readonly LeasedInstance[];
    startsInFlight: number;
    /** False during the pause after a crash. */
    mayStart: boolean;
  }>;

/** How to get from the actual to the desired instances. */
export type ScalingPlan = Readonly<{
  uncordon: readonly LeasedInstance[];
  start: readonly StartPurpose[];
  cordon: LeasedInstance | undefined;
  drain: readonly LeasedInstance[];
  /** Whether the deployment is idle, so that instances are drained for that and not by load. */
  idle: boolean;
  lastSaturatedAt: number;
  /** When the next instance may have to be cordoned or drained; undefined when none may. */
  nextAt: number | undefined;
}>;

export type ScalingLimits = Readonly<{
  project: Pick<FunctionSettings, 'concurrency' | 'idleSeconds' | 'maxInstances'>;
  host: Pick<FunctionHostSettings, 'cores' | 'targetConcurrencyPerCore'>;
}>;

/** Compares the desired instances of a deployment with the actual ones. */
export function planScaling(state: ScalingState, limits: ScalingLimits): ScalingPlan {
  const { now, instances, minimum, lastUsed } = state;
  const idleMs = limits.project.idleSeconds * 1_000;
  const usable = instances.filter((member) => !member.draining);
  const uncordoned = usable.filter((member) => !member.cordoned);
  const idle = state.acquiring === 0 && state.inflight === 0 && lastUsed + idleMs <= now;
  const needed = state.acquiring > 0 || (!idle && uncordoned.length > 0) ? neededInstances(state.inflight, limits) : 0;
  const desired = Math.max(needed, Math.min(minimum, limits.project.maxInstances));

  const uncordon = usable.filter((member) => member.cordoned).slice(0, Math.max(0, desired - uncordoned.length));
  const ready = usable.filter((member) => !member.cordoned || uncordon.includes(member));
  const saturated = ready.length <= desired;
  const cordon = !saturated && !idle && state.lastSaturatedAt + idleMs <= now ? ready.at(-1) : undefined;
  const lastSaturatedAt = saturated || cordon !== undefined ? now : state.lastSaturatedAt;

  const isUnneeded = (member: LeasedInstance): boolean => member === cordon || !ready.includes(member);
  const beyondMinimum = usable.filter((member) => !ready.slice(0, minimum).includes(member));
  const drain = beyondMinimum.filter((member) => member.leasedUntil <= now && (idle || isUnneeded(member)));
  const next = beyondMinimum
    .filter((member) => !drain.includes(member))
    .map((member) =>
      Math.max(member.leasedUntil, isUnneeded(member) ? 0 : Math.min(lastUsed, lastSaturatedAt) + idleMs),
    );
  return {
    uncordon,
    start: state.mayStart ? missing(state, ready.length, needed, desired) : [],
    cordon,
    drain,
    idle,
    lastSaturatedAt,
    nextAt: next.length === 0 ? undefined : Math.min(...next),
  };
}

/** Returns how many instances the requests in flight need: at least one, within the project's limit. */
function neededInstances(inflight: number, { project, host }: ScalingLimits): number {
  // A Node process renders on one core, so a busy function gets one for each before `concurrency` adds more.
  const byCores = Math.min(host.cores, Math.ceil(inflight / host.targetConcurrencyPerCore));
  return Math.max(1, Math.min(project.maxInstances, Math.max(byCores, Math.ceil(inflight / project.concurrency))));
}

function missing(state: ScalingState, ready: number, needed: number, desired: number): readonly StartPurpose[] {
  const starts: StartPurpose[] = [];
  for (let count = ready + state.startsInFlight; count < desired; count++) {
    if (count < needed || (state.firm && count === 0)) starts.push('needed');
    else starts.push(state.firm ? 'kept' : 'spare');
  }
  return starts;
}
