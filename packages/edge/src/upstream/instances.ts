import type { Upstream } from '@anchor/core/ports/function-host.ts';
import { Instance, keyOf } from './instance.ts';

/** The host may return an instance that is gone until it notices. */
const SUSPECT_MS = 1000;

/** Holds the instances of one deployment that the function host named, and selects one for each request. */
export class Instances {
  #list: Instance[] = [];
  /** Where the search for the least loaded instance starts. */
  #cursor = 0;
  #lastUsed: Instance | undefined;
  /** Instances that failed, by key, and until when others are preferred. */
  readonly #suspects = new Map<string, number>();

  get count(): number {
    return this.#list.length;
  }

  /**
   * Returns the last used instance if it is idle: its data is still in the processor's caches, and the others become
   * idle.
   */
  get idle(): Instance | undefined {
    const last = this.#lastUsed;
    return last !== undefined && last.inflight === 0 && !last.retired ? last : undefined;
  }

  /** Returns the least loaded instance; equally loaded ones take turns. */
  leastLoaded(): Instance | undefined {
    const list = this.#list;
    let best: Instance | undefined;
    for (let i = 0, at = this.#cursor; i < list.length; i++, at++) {
      const instance = list[at % list.length];
      if (instance !== undefined && (best === undefined || instance.inflight < best.inflight)) best = instance;
    }
    this.#cursor = (this.#cursor + 1) % list.length;
    return best;
  }

  /** Replaces the instances by those that the host names now. */
  replace(upstreams: readonly Upstream[]): void {
    const known = new Map(this.#list.map((instance) => [instance.key, instance]));
    this.#list = this.#withoutSuspects(upstreams).flatMap((upstream) => {
      if (upstream.kind !== 'unix') return [];
      const key = keyOf(upstream);
      const ready = known.get(key);
      known.delete(key);
      return [ready ?? new Instance(upstream)];
    });
    for (const gone of known.values()) gone.retire();
  }

  /** Prefers an instance that completed its response, and not one whose request failed or was given up. */
  released(instance: Instance, whole: boolean): void {
    if (whole) this.#lastUsed = instance;
    // It may still work on what was given up, or be stuck.
    else if (this.#lastUsed === instance) this.#lastUsed = undefined;
  }

  /** Removes an instance, and prefers others when the host names it again. */
  markUnhealthy(instance: Instance): void {
    const at = this.#list.indexOf(instance);
    if (at !== -1) this.#list.splice(at, 1);
    instance.retire();
    this.#suspects.set(instance.key, performance.now() + SUSPECT_MS);
  }

  close(): void {
    for (const instance of this.#list) instance.close();
  }

  /** Returns all of them when every one failed recently. */
  #withoutSuspects(upstreams: readonly Upstream[]): readonly Upstream[] {
    const now = performance.now();
    for (const [key, until] of this.#suspects) if (until <= now) this.#suspects.delete(key);
    const others = upstreams.filter((upstream) => upstream.kind !== 'unix' || !this.#suspects.has(keyOf(upstream)));
    return others.length > 0 ? others : upstreams;
  }
}
