import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { Acquired } from '@anchor/core/ports/function-host.ts';
import { DEFAULT_FUNCTIONS, type FunctionSettings } from '@anchor/core/projects/project.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { createBackoff } from './backoff.ts';
import type { Capacity } from './capacity.ts';
import type { Instance, Launcher } from './launch.ts';
import { createCallers, type Member } from './members.ts';
import type { FunctionHostSettings } from './settings.ts';

export type GroupPorts = Readonly<{ launcher: Launcher; capacity: Capacity; clock: Clock; settings: FunctionHostSettings; started: (startMs: number) => void; crashed: () => void }>;

/** The shortest time between two looks at what may be stopped. */
const LOOK_AGAIN_MS = 25;

/** All instances of one deployment. */
export type Group = Readonly<{
  acquire(caller: string): Promise<Result<Acquired>>;
  /** False when the caller must acquire again. */
  touch(caller: string, inflight: number): boolean;
  /** Withdraws every instance, waits for their leases unless `atOnce`, drains them. */
  stop(atOnce: boolean): Promise<void>;
  /** Drains every instance when no lease is left and nothing is in flight; false otherwise. */
  evict(): boolean;
  lastUsed(): number;
  /** Nothing runs, starts, or pauses after a crash. */
  empty(): boolean;
  members(): readonly Member[];
  inflight(): number;
}>;

export function createGroup(deploymentId: DeploymentId, { launcher, capacity, clock, settings, started, crashed }: GroupPorts): Group {
  const members = new Map<string, Member>();
  const starting = new Set<Promise<Result<Member>>>();
  const callers = createCallers();
  const backoff = createBackoff(settings);
  let limits: FunctionSettings = DEFAULT_FUNCTIONS;
  let lastUsed = clock.now();
  let fullSince = clock.now(); // the last time that every instance was needed
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  /** Aborted by a stop: what would never listen must not hold it up. */
  let starts = new AbortController();
  let clearing: Promise<void> | undefined;

  const serving = (): Member[] => [...members.values()].filter((member) => !member.withdrawn);
  const wanted = (now: number): number => {
    const inflight = callers.inflight(now);
    const byLoad = Math.min(settings.cores, Math.ceil(inflight / settings.busyInflight));
    return Math.max(1, Math.min(limits.maxInstances, Math.max(byLoad, Math.ceil(inflight / limits.concurrency))));
  };

  function start(): Promise<Result<Member>> {
    const run = launch().finally(() => starting.delete(run));
    starting.add(run);
    return run;
  }

  async function launch(): Promise<Result<Member>> {
    const pause = backoff.remaining(clock.now());
    if (pause > settings.backoffWaitMs) return err(backoff.error(clock.now()));
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    await clearing;
    const startable = await launcher.prepare(deploymentId);
    if (!startable.ok) return startable;
    limits = startable.value.settings;
    const room = await capacity.take(limits.memoryMb);
    if (!room.ok) return room;
    const instance = await startable.value.start(starts.signal);
    if (!instance.ok) {
      room.value();
      const pause = backoff.failed(clock.now(), 0, instance.error);
      launcher.note(deploymentId, 'error', `${instance.error.message}; the next start is allowed in ${pause}`);
      return instance;
    }
    return ok(admit(instance.value, room.value));
  }

  function admit(instance: Instance, release: () => void): Member {
    const now = clock.now();
    const member: Member = { instance, since: now, release, heldUntil: now + settings.leaseMs, withdrawn: false, draining: false };
    members.set(instance.upstream.instance, member);
    started(instance.startMs);
    launcher.note(deploymentId, 'info', `started ${instance.upstream.instance} in ${instance.startMs} ms`);
    fullSince = now;
    void watch(member);
    // What it was set for may have been other limits.
    clearTimeout(timer);
    timer = undefined;
    arm();
    return member;
  }

  async function watch(member: Member): Promise<void> {
    const { reason, cacheFull } = await member.instance.gone;
    const id = member.instance.upstream.instance;
    members.delete(id);
    member.release();
    if (member.draining) {
      await clearing; // what is made ready meanwhile would write to what is being emptied
      if (!stopping && members.size === 0 && starting.size === 0) await launcher.standBy(deploymentId);
      return;
    }
    crashed();
    if (cacheFull) await emptyCache();
    const now = clock.now();
    const error = anchorError('function_start_failed', `The function stopped by itself: ${reason}`, 'Read the run log of this deployment.');
    const pause = backoff.failed(now, now - member.since, error);
    launcher.note(deploymentId, 'error', `${id} stopped by itself: ${reason}; the next start is allowed in ${pause}`);
  }

  /** The other instances share the cache: they go too, and nothing starts before it is empty. */
  async function emptyCache(): Promise<void> {
    const emptied = Promise.all([...members.values()].map((member) => {
      void drain(member, 'the cache is full');
      return member.instance.drain(1);
    })).then(() => launcher.clearCache(deploymentId));
    clearing = emptied;
    await emptied;
    clearing = undefined;
  }

  function scaleUp(now: number): void {
    const want = wanted(now);
    if (want >= serving().length) fullSince = now;
    for (const member of members.values()) if (serving().length < want && member.withdrawn && !member.draining) member.withdrawn = false;
    if (backoff.remaining(now) > 0) return;
    while (serving().length + starting.size < want) void start();
  }

  function drain(member: Member, why: string): Promise<void> {
    if (!member.draining) {
      member.withdrawn = true;
      member.draining = true;
      launcher.note(deploymentId, 'info', `stopping ${member.instance.upstream.instance}: ${why}`);
    }
    return member.instance.drain(limits.drainSeconds);
  }

  /** Stops what nobody uses; sets the alarm for the next moment at which something may change. */
  function tend(): void {
    timer = undefined;
    const now = clock.now();
    const idleMs = limits.idleSeconds * 1_000;
    const idle = lastUsed + idleMs <= now && callers.inflight(now) === 0;
    const live = serving();
    if (live.length <= wanted(now)) fullSince = now;
    const surplus = live.at(-1);
    if (!idle && surplus !== undefined && fullSince + idleMs <= now) {
      surplus.withdrawn = true;
      fullSince = now;
    }
    for (const member of members.values()) {
      if (member.draining || member.heldUntil > now) continue;
      if (idle) void drain(member, `idle for ${limits.idleSeconds} s`);
      else if (member.withdrawn) void drain(member, 'more instances than are needed');
    }
    arm();
  }

  function arm(): void {
    if (timer !== undefined || members.size === 0) return;
    const now = clock.now();
    const idleMs = limits.idleSeconds * 1_000;
    const moments = [...members.values()].filter((member) => !member.draining).map((member) => Math.max(member.heldUntil, member.withdrawn ? 0 : Math.min(lastUsed, fullSince) + idleMs));
    if (moments.length === 0) return;
    timer = setTimeout(tend, Math.max(LOOK_AGAIN_MS, Math.min(...moments) - now));
    timer.unref();
  }

  return {
    async acquire(caller) {
      lastUsed = clock.now();
      for (let attempt = 0; serving().length === 0; attempt++) {
        for (const member of members.values()) if (!member.draining) member.withdrawn = false;
        if (serving().length > 0) break;
        const [running] = starting;
        const member = await (running ?? start());
        if (!member.ok) return member;
        if (attempt >= 3) return fail('function_start_failed', 'The function stops as soon as it has started', 'Read the run log of this deployment.');
      }
      const now = clock.now();
      lastUsed = now;
      scaleUp(now);
      const live = serving();
      for (const member of live) member.heldUntil = now + settings.leaseMs + settings.graceMs;
      callers.hand(caller, new Set(live.map((member) => member.instance.upstream.instance)), now + settings.leaseMs + settings.graceMs);
      arm();
      return ok({ upstreams: live.map((member) => member.instance.upstream), leaseMs: settings.leaseMs, timeoutMs: limits.timeoutSeconds * 1_000 });
    },
    touch(caller, inflight) {
      const now = clock.now();
      lastUsed = now;
      const live = serving();
      const until = now + settings.leaseMs + settings.graceMs;
      // Withdrawn instances are renewed too: a caller that has not asked again yet must not lose a request.
      const renewed = callers.renew(caller, now, until, inflight);
      for (const [id, member] of members) if (renewed.has(id) && !member.draining) member.heldUntil = until;
      if (live.length > 0) scaleUp(now);
      return live.length > 0 && live.length === renewed.size && live.every((member) => renewed.has(member.instance.upstream.instance));
    },
    async stop(atOnce) {
      stopping = true;
      starts.abort();
      await Promise.all(starting);
      starts = new AbortController();
      for (const member of members.values()) member.withdrawn = true;
      await Promise.all([...members.values()].map(async (member) => {
        const wait = atOnce ? 0 : member.heldUntil - clock.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        if (member.withdrawn) await drain(member, 'the deployment was stopped');
      }));
      stopping = false;
    },
    evict() {
      const now = clock.now();
      const idle = starting.size === 0 && callers.inflight(now) === 0 && [...members.values()].every((member) => member.heldUntil <= now && !member.draining);
      if (!idle || members.size === 0) return false;
      for (const member of members.values()) void drain(member, 'another function needs the room');
      return true;
    },
    lastUsed: () => lastUsed,
    empty: () => members.size === 0 && starting.size === 0 && backoff.remaining(clock.now()) === 0,
    members: () => [...members.values()],
    inflight: () => callers.inflight(clock.now()),
  };
}
