import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type RestOptions = Readonly<{
  /** Work that this process waits for without doing much itself, such as a build in a sandbox. */
  busy?: () => boolean;
  /** Between two looks. */
  everyMs?: number;
  /** Between two collections, however often it comes to rest: a site with a visitor now and then must not wait for one at each. */
  betweenMs?: number;
  collect?: () => void;
  /** The share of a processor that was used since it was last asked. */
  used?: () => number;
}>;

/** Less than this share of a processor between two looks, twice in a row, is rest. */
const RESTING = 0.02;
/** What must have been taken since the last collection to make another one worth its tens of milliseconds. */
const WORTH_BYTES = 3 * 1_048_576;

/**
 * Gives memory back while nothing happens: V8 keeps what a start, a build or a burst of requests took until something
 * else wants it, which on an idle machine is never. An ordinary collection leaves the young generation and half-empty
 * pages as they are; the last resort before running out of memory gives those back too (edge: 32 → 24 MB).
 */
export function restWhenIdle({ busy = () => false, everyMs = 3_000, betweenMs = 60_000, collect = lastResort(), used = processorShare() }: RestOptions = {}): Readonly<{ stop(): void }> {
  let quiet = 0;
  let left = 0;
  let last = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const share = used();
    quiet = busy() || share > RESTING ? 0 : quiet + 1;
    if (quiet < 2 || performance.now() - last < betweenMs || taken() - left < WORTH_BYTES) return;
    collect();
    last = performance.now();
    left = taken();
    used();
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function processorShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

const taken = (): number => {
  const { heapTotal, arrayBuffers } = process.memoryUsage();
  return heapTotal + arrayBuffers;
};

function lastResort(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  // What was compiled before, and is kept, is used under the same flags only.
  setFlagsFromString('--no-expose-gc');
  return () => {
    if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
}
