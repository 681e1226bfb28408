/** Long work of one thread in small pieces: whoever it belongs to, all of it together has one turn in each pass of the event loop. */

const TURN_MS = 1;

const waiting: (() => void)[] = [];
let due = false;

/** Await the answer before each step of one piece of work; a step must be short. */
export function inTurns(): () => Promise<void> | undefined {
  let since = -Infinity;
  return () => {
    if (performance.now() - since < TURN_MS) return undefined;
    return new Promise((resolve) => {
      waiting.push(() => {
        since = performance.now();
        resolve();
      });
      if (!due) setImmediate(next);
      due = true;
    });
  };
}

function next(): void {
  waiting.shift()?.();
  due = waiting.length > 0;
  if (due) setImmediate(next);
}
