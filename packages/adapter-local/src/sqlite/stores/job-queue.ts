import { randomUUID } from 'node:crypto';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { JobId } from '@anchor/core/names/id.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import type { Page, PageRequest } from '@anchor/core/ports/page.ts';
import { LANES, type DeadJob, type Job, type LeasedJob } from '@anchor/core/queue/job.ts';
import type { Database, Row } from '../database.ts';
import { itemOf, itemsOf } from '../damaged-rows.ts';
import { queueSignal } from './queue-signal.ts';

/**
 * The first job of each group in a lane, when it may run: the group served longest ago comes first. Only a group's
 * first job is ever leased, so a leased or delayed one holds back those behind it.
 */
const NEXT = `SELECT j.seq, j.id, j.grp AS project_id, j.attempts, j.not_before, j.doc FROM jobs j LEFT JOIN job_groups g ON g.grp = j.grp
  WHERE j.seq IN (SELECT MIN(seq) FROM jobs WHERE lane = ? GROUP BY grp) AND j.not_before <= ? AND j.lease_until <= ?
  ORDER BY COALESCE(g.served, 0), j.seq LIMIT 1`;
const ANY_DUE = `SELECT 1 FROM jobs j WHERE j.seq IN (SELECT MIN(seq) FROM jobs GROUP BY lane, grp) AND j.not_before <= ? AND j.lease_until <= ? LIMIT 1`;
const ADD = `INSERT INTO jobs (id, lane, grp, dedupe_key, attempts, not_before, doc) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
const SERVE = `INSERT INTO job_groups (grp, served) VALUES (?, (SELECT COALESCE(MAX(served), 0) + 1 FROM job_groups)) ON CONFLICT (grp) DO UPDATE SET served = excluded.served`;

const DEPTH = `SELECT COUNT(*) FILTER (WHERE lease_until <= ?1) AS waiting, COUNT(*) FILTER (WHERE lease_until > ?1) AS leased,
  (SELECT COUNT(*) FROM dead_jobs) AS dead FROM jobs`;

/** Opens the queue of one machine. `clock` decides about leases and delays. */
export const openJobQueue = (db: Database, clock: Clock): LocalJobQueue => new LocalJobQueue(db, clock);

export class LocalJobQueue implements JobQueue {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #signal: ReturnType<typeof queueSignal>;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    this.#signal = queueSignal(db, () => {
      const now = clock.now();
      return db.get(ANY_DUE, now, now) !== undefined;
    });
  }

  /** Adds a job within a larger write: `add` inside `write`, `added` once that has resolved. */
  add(job: Job): boolean {
    const { id, lane, group, dedupeKey, attempts, notBefore } = job;
    return this.#db.run(ADD, id, lane, group, dedupeKey, attempts, notBefore, JSON.stringify(job)) === 1;
  }

  added(): void {
    this.#signal.changed();
  }

  enqueue(job: Job): Promise<boolean> {
    return this.#freeing(() => this.add(job));
  }

  receive({ leaseMs, lanes }: Parameters<JobQueue['receive']>[0]): Promise<LeasedJob | undefined> {
    return this.#db.write(() => {
      const now = this.#clock.now();
      for (const lane of LANES) {
        if (!lanes.includes(lane)) continue;
        for (
          let row = this.#db.get(NEXT, lane, now, now);
          row !== undefined;
          row = this.#db.get(NEXT, lane, now, now)
        ) {
          const job = this.#lease(row, leaseMs);
          if (job !== undefined) return job;
        }
      }
      this.#signal.markEmptyPoll();
      return undefined;
    });
  }

  extend({ id, receipt }: LeasedJob, leaseMs: number): Promise<boolean> {
    const extend = 'UPDATE jobs SET lease_until = ? WHERE id = ? AND receipt = ?';
    return this.#db.write(() => this.#db.run(extend, this.#clock.now() + leaseMs, id, receipt) === 1);
  }

  complete({ id, receipt }: LeasedJob): Promise<void> {
    return this.#freeing(() => void this.#db.run('DELETE FROM jobs WHERE id = ? AND receipt = ?', id, receipt));
  }

  retry({ id, receipt }: LeasedJob, delayMs: number): Promise<void> {
    const retry = 'UPDATE jobs SET not_before = ?, lease_until = 0, receipt = NULL WHERE id = ? AND receipt = ?';
    return this.#freeing(() => void this.#db.run(retry, this.#clock.now() + delayMs, id, receipt));
  }

  deadLetter(job: LeasedJob, reason: string): Promise<void> {
    return this.#freeing(() => {
      if (this.#db.run('DELETE FROM jobs WHERE id = ? AND receipt = ?', job.id, job.receipt) === 0) return;
      const { receipt: _receipt, leaseUntil: _leaseUntil, ...rest } = job;
      const dead: DeadJob = { ...rest, reason, diedAt: this.#clock.now() };
      this.#db.run(
        'INSERT OR REPLACE INTO dead_jobs (id, created_at, doc) VALUES (?, ?, ?)',
        dead.id,
        dead.diedAt,
        JSON.stringify(dead),
      );
    });
  }

  cancel(dedupeKey: string): Promise<boolean> {
    const cancel = 'DELETE FROM jobs WHERE dedupe_key = ? AND lease_until <= ?';
    return this.#freeing(() => this.#db.run(cancel, dedupeKey, this.#clock.now()) === 1);
  }

  async dead({ limit, cursor }: PageRequest): Promise<Page<DeadJob>> {
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) return { items: [] };
    const rows = this.#db.all(
      'SELECT seq, id, doc FROM dead_jobs WHERE seq < ? ORDER BY seq DESC LIMIT ?',
      cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor),
      limit + 1,
    );
    const items = itemsOf<DeadJob>(this.#db, 'dead_jobs', rows.slice(0, limit));
    return rows.length > limit ? { items, cursor: String(rows[limit - 1]?.['seq']) } : { items };
  }

  purgeDeadLetters(before: number): Promise<void> {
    return this.#db.write(() => void this.#db.run('DELETE FROM dead_jobs WHERE created_at < ?', before));
  }

  redrive(id: JobId): Promise<boolean> {
    return this.#freeing(() => {
      const row = this.#db.get('SELECT id, doc FROM dead_jobs WHERE id = ?', id);
      const dead = row === undefined ? undefined : itemOf<DeadJob>(this.#db, 'dead_jobs', row);
      if (dead === undefined) return false;
      const { reason: _reason, diedAt: _diedAt, ...job } = dead;
      this.#db.run('DELETE FROM dead_jobs WHERE id = ?', id);
      // When a job with its key waits already, the two are one.
      this.add({ ...job, attempts: 0, notBefore: 0 });
      return true;
    });
  }

  forget(id: JobId): Promise<boolean> {
    return this.#db.write(() => this.#db.run('DELETE FROM dead_jobs WHERE id = ?', id) === 1);
  }

  async depth(): Promise<Readonly<{ pending: number; leased: number; dead: number }>> {
    const row = this.#db.get(DEPTH, this.#clock.now());
    return { pending: Number(row?.['waiting']), leased: Number(row?.['leased']), dead: Number(row?.['dead']) };
  }

  expireAllLeases(): Promise<void> {
    const expire = 'UPDATE jobs SET lease_until = 0, receipt = NULL WHERE lease_until > 0';
    return this.#freeing(() => void this.#db.run(expire));
  }

  wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#signal.wait(timeoutMs, signal);
  }

  /** Runs a write after which another job may be free to run. */
  async #freeing<T>(operation: () => T): Promise<T> {
    const value = await this.#db.write(operation);
    this.#signal.changed();
    return value;
  }

  /** Returns undefined for a row that does not parse: it is listed among the failed records, and blocks no others. */
  #lease(row: Row, leaseMs: number): LeasedJob | undefined {
    const stored = itemOf<Job>(this.#db, 'jobs', row);
    if (stored === undefined) {
      this.#db.run('DELETE FROM jobs WHERE seq = ?', Number(row['seq']));
      return undefined;
    }
    const job: LeasedJob = {
      ...stored,
      notBefore: Number(row['not_before']),
      attempts: Number(row['attempts']) + 1,
      receipt: randomUUID(),
      leaseUntil: this.#clock.now() + leaseMs,
    };
    this.#db.run(
      'UPDATE jobs SET attempts = ?, lease_until = ?, receipt = ? WHERE seq = ?',
      job.attempts,
      job.leaseUntil,
      job.receipt,
      Number(row['seq']),
    );
    this.#db.run(SERVE, job.group);
    return job;
  }
}
