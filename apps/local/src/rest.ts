import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives memory back while nothing runs: V8 keeps what a build's files took until something else wants it, which on an
 * idle machine is never. Looks every few seconds whether `busy` has come to rest, and then collects once.
 */
export function restWhenIdle(busy: () => boolean, everyMs = 3_000): Readonly<{ stop(): void }> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  let worked = true;
  const timer = setInterval(() => {
    if (busy()) worked = true;
    else if (worked && typeof collect === 'function') {
      worked = false;
      collect();
    }
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
