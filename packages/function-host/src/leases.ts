import type { Instance } from './instance.ts';
import type { FunctionHostSettings } from './settings.ts';

/** One instance of a deployment, and the time until which edge workers may send requests to it. */
export type LeasedInstance = {
  readonly instance: Instance;
  readonly since: number;
  readonly release: () => void;
  /** No caller uses it after this time, in milliseconds. */
  leasedUntil: number;
  /** Receives no new leases; it drains when its leases have expired. */
  cordoned: boolean;
  /** SIGTERM was sent; it cannot be used again. Draining instances are cordoned, too. */
  draining: boolean;
};

export const idOf = (member: LeasedInstance): string => member.instance.upstream.instance;

/** The lease of one caller, and the requests that it reported as in flight. */
type Caller = { grantedIds: ReadonlySet<string>; until: number; inflight: number };

/** Leases of one deployment's instances; every edge worker is one caller. */
export class LeaseTable {
  readonly #durationMs: number;
  readonly #callers = new Map<string, Caller>();

  constructor({ leaseMs, graceMs }: Pick<FunctionHostSettings, 'leaseMs' | 'graceMs'>) {
    this.#durationMs = leaseMs + graceMs;
  }

  grant(name: string, ready: readonly LeasedInstance[], now: number): void {
    const until = now + this.#durationMs;
    for (const member of ready) member.leasedUntil = until;
    const inflight = this.#callers.get(name)?.inflight ?? 0;
    this.#callers.set(name, { grantedIds: new Set(ready.map(idOf)), until, inflight });
  }

  /** Renews the caller's lease. Returns whether it covers exactly the instances that are ready. */
  renew(name: string, all: readonly LeasedInstance[], now: number, inflight: number): boolean {
    const caller = this.#callers.get(name);
    if (caller === undefined) return false;
    const until = now + this.#durationMs;
    if (caller.until <= now) caller.grantedIds = new Set();
    caller.inflight = inflight;
    caller.until = until; // its requests in flight count even when its lease has expired
    const { grantedIds } = caller;
    // Cordoned instances are renewed too: a caller that did not acquire again yet must not lose a request.
    for (const member of all) if (grantedIds.has(idOf(member)) && !member.draining) member.leasedUntil = until;
    const ready = all.filter((member) => !member.cordoned);
    return (
      ready.length > 0 && ready.length === grantedIds.size && ready.every((member) => grantedIds.has(idOf(member)))
    );
  }

  /** Returns the requests in flight of all callers whose lease is valid. */
  inflight(now: number): number {
    let sum = 0;
    for (const [name, caller] of this.#callers) {
      if (caller.until <= now) this.#callers.delete(name);
      else sum += caller.inflight;
    }
    return sum;
  }
}
