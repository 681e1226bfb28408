/** Splits long synchronous work: all of it together runs for one turn of 1 ms per iteration of the event loop. */

const TURN_MS = 1;

const queue: (() => void)[] = [];
let scheduled = false;

/** Returns a function to await before each step of a piece of work. Steps must be short. */
export function createYielder(): () => Promise<void> | undefined {
  let since = -Infinity;
  return () => {
    if (performance.now() - since < TURN_MS) return undefined;
    return new Promise((resolve) => {
      queue.push(() => {
        since = performance.now();
        resolve();
      });
      if (!scheduled) setImmediate(next);
      scheduled = true;
    });
  };
}

function next(): void {
  queue.shift()?.();
  scheduled = queue.length > 0;
  if (scheduled) setImmediate(next);
}
