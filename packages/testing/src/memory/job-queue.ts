import type { Clock } from '@anchor/core/ports/clock.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import { LANES, type DeadJob, type Job, type LeasedJob } from '@anchor/core/queue/job.ts';
import { pageOf } from './collection.ts';

type Entry = { job: Job; leaseUntil: number; receipt: string };

/** `add` is `enqueue` in this very turn. */
export type MemoryQueue = JobQueue & Readonly<{ add(job: Job): boolean }>;

export function jobQueue(clock: Clock): MemoryQueue {
  let entries: Entry[] = [];
  let dead: DeadJob[] = [];
  const served = new Map<string, number>();
  const waiters = new Set<() => void>();
  let count = 0;
  let missed = true; // something has changed since the last empty look

  const changed = (): void => {
    missed = true;
    for (const wake of waiters) wake();
  };
  const add = (job: Job): boolean => {
    if (entries.some((entry) => entry.job.dedupeKey === job.dedupeKey)) return false;
    entries.push({ job: structuredClone(job), leaseUntil: 0, receipt: '' });
    changed();
    return true;
  };
  const held = (job: LeasedJob): Entry | undefined =>
    entries.find((entry) => entry.job.id === job.id && entry.receipt === job.receipt);
  const drop = (entry: Entry): void => {
    entries = entries.filter((other) => other !== entry);
    changed();
  };
  const mayRun = (entry: Entry): boolean => entry.job.notBefore <= clock.now() && entry.leaseUntil <= clock.now();

  return {
    add,
    enqueue: async (job) => add(job),
    receive: async ({ leaseMs, lanes }) => {
      for (const lane of LANES.filter((lane) => lanes.includes(lane))) {
        const inLane = entries.filter((entry) => entry.job.lane === lane);
        const heads = inLane.filter(
          (entry, i) => inLane.findIndex((other) => other.job.group === entry.job.group) === i,
        );
        const [next] = heads
          .filter(mayRun)
          .sort((a, b) => (served.get(a.job.group) ?? 0) - (served.get(b.job.group) ?? 0));
        if (next === undefined) continue;
        count += 1;
        served.set(next.job.group, count);
        next.job = { ...next.job, attempts: next.job.attempts + 1 };
        next.leaseUntil = clock.now() + leaseMs;
        next.receipt = `receipt-${count}`;
        return { ...structuredClone(next.job), receipt: next.receipt, leaseUntil: next.leaseUntil };
      }
      missed = false;
      return undefined;
    },
    extend: async (job, leaseMs) => {
      const entry = held(job);
      if (entry !== undefined) entry.leaseUntil = clock.now() + leaseMs;
      return entry !== undefined;
    },
    complete: async (job) => {
      const entry = held(job);
      if (entry !== undefined) drop(entry);
    },
    retry: async (job, delayMs) => {
      const entry = held(job);
      if (entry === undefined) return;
      entry.job = { ...entry.job, notBefore: clock.now() + delayMs };
      entry.leaseUntil = 0;
      entry.receipt = '';
      changed();
    },
    deadLetter: async (job, reason) => {
      const entry = held(job);
      if (entry === undefined) return;
      dead.push({ ...entry.job, reason, diedAt: clock.now() });
      drop(entry);
    },
    cancel: async (dedupeKey) => {
      const entry = entries.find((other) => other.job.dedupeKey === dedupeKey && other.leaseUntil <= clock.now());
      if (entry !== undefined) drop(entry);
      return entry !== undefined;
    },
    dead: async (page) =>
      pageOf(
        dead.toReversed(),
        (job) => job.id,
        page,
        (job) => structuredClone(job),
      ),
    purgeDeadLetters: async (before) => void (dead = dead.filter((job) => job.diedAt >= before)),
    redrive: async (id) => {
      const found = dead.find((job) => job.id === id);
      if (found === undefined) return false;
      dead = dead.filter((job) => job !== found);
      const { reason: _reason, diedAt: _diedAt, ...job } = found;
      add({ ...job, attempts: 0, notBefore: 0 });
      return true;
    },
    forget: async (id) => {
      const before = dead.length;
      dead = dead.filter((job) => job.id !== id);
      return dead.length < before;
    },
    depth: async () => {
      const leased = entries.filter((entry) => entry.leaseUntil > clock.now()).length;
      return { pending: entries.length - leased, leased, dead: dead.length };
    },
    expireAllLeases: async () => {
      for (const entry of entries) Object.assign(entry, { leaseUntil: 0, receipt: '' });
      changed();
    },
    wait: (timeoutMs, signal) => {
      if (missed || signal.aborted) {
        missed = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const wake = (): void => {
          waiters.delete(wake);
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          missed = false;
          resolve();
        };
        const timer = setTimeout(wake, timeoutMs);
        waiters.add(wake);
        signal.addEventListener('abort', wake);
      });
    },
  };
}
