import type { Instance } from './launch.ts';

/** One instance within its deployment's group, with who may still use it. */
export type Member = {
  readonly instance: Instance;
  readonly since: number;
  readonly release: () => void;
  /** No caller uses it after this time. */
  heldUntil: number;
  /** No longer handed out: surplus, waiting for its leases to end. */
  withdrawn: boolean;
  /** SIGTERM was sent; it can not come back. */
  draining: boolean;
};

/** What one caller was told, and what it says it is doing. */
type Caller = { told: ReadonlySet<string>; until: number; inflight: number };

/** Who uses a group: every edge worker is one caller. */
export type Callers = Readonly<{
  hand(caller: string, instances: ReadonlySet<string>, until: number): void;
  /** The instances whose lease the caller renews: what it was told, while that lease lasts; empty when it has ended. */
  renew(caller: string, now: number, until: number, inflight: number): ReadonlySet<string>;
  inflight(now: number): number;
}>;

const NONE: ReadonlySet<string> = new Set();

export function createCallers(): Callers {
  const callers = new Map<string, Caller>();
  const dropEnded = (now: number): void => {
    for (const [name, caller] of callers) if (caller.until <= now) callers.delete(name);
  };
  return {
    hand(name, instances, until) {
      callers.set(name, { told: instances, until, inflight: callers.get(name)?.inflight ?? 0 });
    },
    renew(name, now, until, inflight) {
      const caller = callers.get(name);
      if (caller === undefined) return NONE;
      caller.inflight = inflight;
      if (caller.until <= now) caller.told = NONE;
      caller.until = until; // what it says is in flight counts even when its lease has ended
      return caller.told;
    },
    inflight(now) {
      dropEnded(now);
      let sum = 0;
      for (const caller of callers.values()) sum += caller.inflight;
      return sum;
    },
  };
}
