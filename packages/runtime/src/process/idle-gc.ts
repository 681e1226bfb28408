/** Releases memory after a period without requests. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type IdleGc = Readonly<{
  /** Starts an idle period: nothing is in flight from now on, and the process is idle when that stays so for `ms`. */
  from(ms: number): void;
  /** Ends the idle period: a request has started. */
  over(): void;
}>;

/**
 * Creates the collector of idle processes. V8 by itself would collect after some quiet seconds. That removes the hidden
 * classes of the last request's objects, and the optimized code that depends on them: a page then costs a third more
 * for some hundred requests. So V8 does not collect by itself (`--no-memory-reducer`), and this process triggers it
 * after a longer time without requests. Once per idle period.
 */
export function createIdleGc(collect: () => void = collectAll): IdleGc {
  let timer: NodeJS.Timeout | undefined;
  return {
    from(ms) {
      clearTimeout(timer);
      timer = setTimeout(collect, ms).unref();
    },
    over: () => clearTimeout(timer),
  };
}

/** Collects as V8 does before running out of memory: the young generation and half-empty pages are released, too. */
export function collectAll(): void {
  const gc: unknown = globalThis.gc ?? exposed();
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Returns V8's `gc`. Cached code is used under the same flags only, so the flags are restored afterwards. */
function exposed(): unknown {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}
