/**
 * How many old objects there may be before V8 collects them. A collection of all ends the life of every hidden class that
 * no object has at that moment, and with it the optimized code of whoever uses it; and nearly all of what is old is dead
 * requests. So there may be three times as many as are alive, instead of about twice.
 *
 * Said while the process runs, and not to its start: code that was compiled ahead holds a sum of V8's flags, and none of
 * it is used under other flags, neither what Node has of its own modules (a third of the time until this process answers)
 * nor what is kept of the app's. So a module that is loaded later is compiled under the flags of the start, too.
 */
import * as nodeModule from 'node:module';
import { setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 200;
let more = false;
let compiling = 0;

/** From now on, but for the time in which modules are compiled. Not on a Node whose loader can not be told apart. */
export function keepMoreOldObjects(): void {
  const prototype: unknown = nodeModule.Module?.prototype;
  const compile: unknown = typeof prototype === 'object' && prototype !== null ? Reflect.get(prototype, '_compile') : undefined;
  if (more || typeof prototype !== 'object' || prototype === null || typeof compile !== 'function') return;
  more = true;
  Reflect.set(prototype, '_compile', function (this: unknown, ...args: unknown[]): unknown {
    const done = beginCompiling();
    try {
      return Reflect.apply(compile, this, args) as unknown;
    } finally {
      done();
    }
  });
  grow(GROWING_PERCENT);
}

/** The flags are those of the start until the answer is called. */
export function beginCompiling(): () => void {
  if (compiling++ === 0 && more) grow(0);
  return () => {
    if (--compiling === 0 && more) grow(GROWING_PERCENT);
  };
}

const grow = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);
