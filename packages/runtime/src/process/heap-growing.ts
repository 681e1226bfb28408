/**
 * How many old objects there may be before V8 collects them. A full collection drops every hidden class without an
 * object at that moment, and with it the optimized code that uses the class. Nearly all old objects are dead requests.
 * So there may be three times as many as are alive, instead of about twice.
 *
 * Set while the process runs, not at its start: cached code contains a checksum of V8's flags, and none of it is used
 * under other flags. That concerns the cache of Node's own modules (a third of the time to the first response) and of
 * the app's. So a module that is loaded later is compiled under the flags of the start, too.
 */
import * as nodeModule from 'node:module';
import { setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 200;
let more = false;
let compiling = 0;

/**
 * Raises the limit from now on, except while modules are compiled. Does nothing on a Node whose loader cannot be
 * recognized.
 */
export function raiseHeapGrowing(): void {
  const prototype: unknown = nodeModule.Module?.prototype;
  const compile: unknown =
    typeof prototype === 'object' && prototype !== null ? Reflect.get(prototype, '_compile') : undefined;
  if (more || typeof prototype !== 'object' || prototype === null || typeof compile !== 'function') return;
  more = true;
  Reflect.set(prototype, '_compile', function (this: unknown, ...args: unknown[]): unknown {
    const done = pauseHeapGrowing();
    try {
      return Reflect.apply(compile, this, args) as unknown;
    } finally {
      done();
    }
  });
  grow(GROWING_PERCENT);
}

/** Restores the flags of the start until the returned function is called. */
export function pauseHeapGrowing(): () => void {
  if (compiling++ === 0 && more) grow(0);
  return () => {
    if (--compiling === 0 && more) grow(GROWING_PERCENT);
  };
}

const grow = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);
