/** Gives memory back once nobody has asked for a while. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type Rest = Readonly<{
  /** Nothing is under way from now on: it is at rest when that stays so for `ms`. */
  from(ms: number): void;
  /** Something has begun. */
  over(): void;
}>;

/**
 * V8 by itself would collect after some seconds of quiet. With the objects of the last request their hidden classes would
 * go, and the optimized code that knows them: a page then costs a third more for some hundred requests. So it is told not
 * to (`--no-memory-reducer`), and this process has it done when visitors have been away for longer. Once a rest.
 */
export function restful(collect: () => void = collectAll): Rest {
  let timer: NodeJS.Timeout | undefined;
  return {
    from(ms) {
      clearTimeout(timer);
      timer = setTimeout(collect, ms).unref();
    },
    over: () => clearTimeout(timer),
  };
}

/** As before running out of memory: the young generation and half-empty pages are given back, too. */
export function collectAll(): void {
  const gc: unknown = globalThis.gc ?? exposed();
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Code that was compiled before, and is kept, is used under the same flags only: they are as they were, afterwards. */
function exposed(): unknown {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}
