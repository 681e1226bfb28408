import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { FunctionHostSettings } from './settings.ts';

/** The room that all functions of this machine share. */
export type Capacity = Readonly<{
  /** Reserves room for one instance, when necessary after an idle one has gone. Call the answer to give it back. */
  take(memoryMb: number): Promise<Result<() => void>>;
  used(): Readonly<{ instances: number; memoryMb: number }>;
}>;

const LOOK_AGAIN_MS = 100;

/** `evict` starts to drain the idle instance that was used longest ago; false when none is idle. */
export function createCapacity(settings: Pick<FunctionHostSettings, 'maxInstances' | 'memoryMb' | 'roomTimeoutMs'>, evict: () => boolean): Capacity {
  let instances = 0;
  let memory = 0;
  let leaving = 0;
  const waiting: (() => void)[] = [];

  const fits = (memoryMb: number): boolean => instances < settings.maxInstances && memory + memoryMb <= settings.memoryMb;
  /** Resolves when room was given back, or after a moment: a lease may have ended meanwhile. */
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_AGAIN_MS);
      waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });

  return {
    async take(memoryMb) {
      if (memoryMb > settings.memoryMb) return fail('rate_limited', `A function of ${memoryMb} MB does not fit into the ${settings.memoryMb} MB for functions`, "Lower the project's function memory, or raise the host's memory limit.");
      const deadline = performance.now() + settings.roomTimeoutMs;
      while (!fits(memoryMb)) {
        if (performance.now() >= deadline) {
          return fail('rate_limited', 'This machine has no room for another function now', 'Try again in a moment; raise the limit of instances or of memory if it happens often.', `${instances} of ${settings.maxInstances} instances, ${memory} of ${settings.memoryMb} MB, none idle`);
        }
        if (leaving === 0 && evict()) leaving++;
        await change();
      }
      instances++;
      memory += memoryMb;
      let given = false;
      return ok(() => {
        if (given) return;
        given = true;
        instances--;
        memory -= memoryMb;
        leaving = Math.max(0, leaving - 1);
        for (const wake of waiting.splice(0)) wake();
      });
    },
    used: () => ({ instances, memoryMb: memory }),
  };
}
