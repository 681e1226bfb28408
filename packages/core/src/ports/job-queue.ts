import type { DeadJob, Job, LeasedJob } from '../queue/job.ts';
import type { JobId } from '../names/id.ts';
import type { Page, PageRequest } from './page.ts';

/**
 * Durable work. At least once: a job whose worker dies comes back when its lease ends, so workers are idempotent.
 * Within a group of one lane: one at a time, in order of arrival; a job that waits for its `notBefore` or its retry holds
 * back those behind it. A group's jobs in two lanes may run side by side (production never waits for a preview). Between groups: no order is promised; adapters are fair
 * (SQS FIFO: the message group is the project, one queue a lane, visibility timeout up to 12 h, 256 KB a message,
 * 5-minute deduplication: callers must not rely on deduplication for correctness).
 */
export interface JobQueue {
  /** Durable when it resolves. False when a job with the same dedupeKey is waiting or leased. */
  enqueue(job: Job): Promise<boolean>;
  /** The next job that may run, lanes in order, fair between groups; undefined when there is none. `lanes` limits what this worker takes. */
  receive(options: Readonly<{ leaseMs: number; lanes: readonly Job['lane'][] }>): Promise<LeasedJob | undefined>;
  /** False when the lease was lost: the worker must stop. */
  extend(job: LeasedJob, leaseMs: number): Promise<boolean>;
  /** Done; removes it. */
  complete(job: LeasedJob): Promise<void>;
  /** Back to the queue, not before `delayMs` from now. */
  retry(job: LeasedJob, delayMs: number): Promise<void>;
  /** To the dead letters, with the reason. */
  bury(job: LeasedJob, reason: string): Promise<void>;
  /** Removes a waiting job, by key; false when none waits (it may be leased: cancel through the deployment's state). */
  cancel(dedupeKey: string): Promise<boolean>;
  dead(page: PageRequest): Promise<Page<DeadJob>>;
  /** Forgets the dead letters of before `before`. (SQS does so by itself after at most 14 days.) */
  expireDead(before: number): Promise<void>;
  /** Puts a dead job back; false when there is none. */
  revive(id: JobId): Promise<boolean>;
  depth(): Promise<Readonly<{ waiting: number; leased: number; dead: number }>>;
  /** Ends every lease at once: called by the one worker of a home when it starts after a crash. A no-op where leases end by themselves. */
  releaseAll(): Promise<void>;
  /** Resolves when a job may have become available, or after `timeoutMs`. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
}
