import type { DeadJob, Job, LeasedJob } from '../queue/job.ts';
import type { JobId } from '../names/id.ts';
import type { Page, PageRequest } from './page.ts';

/**
 * Durable work. At least once: a job whose worker dies is leased again when its lease ends, so workers are idempotent.
 * Within a group of one lane: one at a time, in order of arrival; a job that waits for its `notBefore` or its retry
 * holds back those behind it. A group's jobs in two lanes may run side by side (production never waits for a preview).
 * Between groups no order is promised; adapters are fair. (SQS FIFO: the message group is the project, one queue per
 * lane, visibility timeout up to 12 h, 256 KB per message. Callers must not rely on its 5-minute deduplication for
 * correctness.)
 */
export interface JobQueue {
  /** Queues a job; durable when it resolves. Returns false when a job with the same dedupeKey is waiting or leased. */
  enqueue(job: Job): Promise<boolean>;
  /**
   * Leases the next job that may run, lanes in order, fair between groups; undefined when there is none. `lanes` limits
   * what this worker takes.
   */
  receive(options: Readonly<{ leaseMs: number; lanes: readonly Job['lane'][] }>): Promise<LeasedJob | undefined>;
  /** Extends a lease. Returns false when it was lost: the worker must stop. */
  extend(job: LeasedJob, leaseMs: number): Promise<boolean>;
  /** Removes a completed job. */
  complete(job: LeasedJob): Promise<void>;
  /** Returns the job to the queue, to run after `delayMs` at the earliest. */
  retry(job: LeasedJob, delayMs: number): Promise<void>;
  /** Moves the job to the dead letters, with the reason. */
  deadLetter(job: LeasedJob, reason: string): Promise<void>;
  /** Removes a waiting job, by key; false when none waits (it may be leased: cancel through the deployment's state). */
  cancel(dedupeKey: string): Promise<boolean>;
  /** Lists the dead letters, newest first. */
  dead(page: PageRequest): Promise<Page<DeadJob>>;
  /** Forgets the dead letters of before `before`. (SQS does so by itself after at most 14 days.) */
  purgeDeadLetters(before: number): Promise<void>;
  /** Puts a dead job back; false when there is none. */
  redrive(id: JobId): Promise<boolean>;
  /** Removes a dead job for good; false when there is none. */
  forget(id: JobId): Promise<boolean>;
  /** Returns how many jobs wait, are leased, and are dead. */
  depth(): Promise<Readonly<{ pending: number; leased: number; dead: number }>>;
  /**
   * Ends every lease at once: called by the only worker of a machine when it starts after a crash. A no-op where leases
   * end by themselves.
   */
  expireAllLeases(): Promise<void>;
  /** Resolves when a job may have become available, or after `timeoutMs`. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
}
