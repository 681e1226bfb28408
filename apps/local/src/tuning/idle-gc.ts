import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type IdleGcOptions = Readonly<{
  /** Work that this process waits for without doing much itself, such as a build in a sandbox. */
  busy?: () => boolean;
  /** Between two looks. */
  everyMs?: number;
  /**
   * Minimum time between two collections, however often the process becomes idle: a site with a request now and then
   * must not wait for one at each.
   */
  betweenMs?: number;
  collect?: () => void;
  /** The share of a processor that was used since the last call. */
  used?: () => number;
}>;

/** Less than this share of a processor between two looks, twice in a row, is rest. */
const RESTING = 0.02;
/**
 * Memory that must have been allocated since the last collection to make another one worth its tens of milliseconds.
 */
const WORTH_BYTES = 3 * 1_048_576;

/**
 * Releases memory while the process is idle. V8 keeps the memory of a start, a build or a burst of requests until
 * something else needs it, which on an idle machine is never. An ordinary collection leaves the young generation and
 * half-empty pages as they are. The last resort before running out of memory releases those too (edge: 32 → 24 MB).
 */
export function collectWhenIdle({
  busy = () => false,
  everyMs = 3_000,
  betweenMs = 60_000,
  collect = lastResort(),
  used = processorShare(),
}: IdleGcOptions = {}): Readonly<{ stop(): void }> {
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
  // Cached code is used under the same flags only.
  setFlagsFromString('--no-expose-gc');
  return () => {
    if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
}
