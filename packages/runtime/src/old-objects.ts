/**
 * How many old objects there may be before V8 collects them. A collection of all ends the life of every hidden class that
 * no object has at that moment, and with it the optimized code of whoever uses it; and nearly all of what is old is dead
 * requests. So there may be three times as many as are alive, instead of about twice.
 *
 * Said while the process runs, and not to its start: code that was compiled ahead holds a sum of V8's flags, and none of
 * it is used under other flags, neither what Node has of its own modules (a third of the time until this process answers)
 * nor what is kept of the app's.
 */
import { setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 200;

/** For a process that has been started, with what it compiled kept. */
export function keepMoreOldObjects(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}

/** As at the start: for a process that ends, since what it compiled meanwhile is kept then. */
export function keepOldObjectsAsUsual(): void {
  setFlagsFromString('--heap-growing-percent=0');
}
