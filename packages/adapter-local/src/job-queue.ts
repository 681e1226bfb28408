import { randomUUID } from 'node:crypto';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import { LANES, type DeadJob, type Job, type LeasedJob } from '@anchor/core/queue/job.ts';
import type { Database, Row } from './database.ts';
import { parse } from './documents.ts';
import { queueSignal } from './queue-signal.ts';

/**
 * The first job of each group in a lane, when it may run: the group served longest ago comes first. Only a group's first
 * job is ever leased, so a leased or delayed one holds back those behind it.
 */
const NEXT = `SELECT j.seq, j.grp, j.attempts, j.not_before, j.doc FROM jobs j LEFT JOIN job_groups g ON g.grp = j.grp
  WHERE j.seq IN (SELECT MIN(seq) FROM jobs WHERE lane = ? GROUP BY grp) AND j.not_before <= ? AND j.lease_until <= ?
  ORDER BY COALESCE(g.served, 0), j.seq LIMIT 1`;
const ANY_DUE = `SELECT 1 FROM jobs j WHERE j.seq IN (SELECT MIN(seq) FROM jobs GROUP BY lane, grp) AND j.not_before <= ? AND j.lease_until <= ? LIMIT 1`;
const ADD = `INSERT INTO jobs (id, lane, grp, dedupe_key, attempts, not_before, doc) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
const SERVE = `INSERT INTO job_groups (grp, served) VALUES (?, (SELECT COALESCE(MAX(served), 0) + 1 FROM job_groups)) ON CONFLICT (grp) DO UPDATE SET served = excluded.served`;

export type LocalJobQueue = JobQueue & Readonly<{
  /** Part of what else is written: `add` inside `write`, `added` once that has resolved. */
  add(job: Job): boolean;
  added(): void;
}>;

/** The queue of the one-machine home. `clock` decides about leases and delays. */
export function openJobQueue(db: Database, clock: Clock): LocalJobQueue {
  const signal = queueSignal(db, () => {
    const now = clock.now();
    return db.get(ANY_DUE, now, now) !== undefined;
  });
  const add = (job: Job): boolean => db.run(ADD, job.id, job.lane, job.group, job.dedupeKey, job.attempts, job.notBefore, JSON.stringify(job)) === 1;
  /** A write after which another job may be free to run. */
  const freeing = async <T>(operation: () => T): Promise<T> => {
    const value = await db.write(operation);
    signal.changed();
    return value;
  };
  const lease = (row: Row, leaseMs: number): LeasedJob => {
    const job: LeasedJob = { ...jobOf(row), attempts: Number(row['attempts']) + 1, receipt: randomUUID(), leaseUntil: clock.now() + leaseMs };
    db.run('UPDATE jobs SET attempts = ?, lease_until = ?, receipt = ? WHERE seq = ?', job.attempts, job.leaseUntil, job.receipt, Number(row['seq']));
    db.run(SERVE, job.group);
    return job;
  };

  return {
    add,
    added: signal.changed,
    enqueue: (job) => freeing(() => add(job)),
    receive: ({ leaseMs, lanes }) =>
      db.write(() => {
        const now = clock.now();
        for (const lane of LANES) {
          const row = lanes.includes(lane) ? db.get(NEXT, lane, now, now) : undefined;
          if (row !== undefined) return lease(row, leaseMs);
        }
        signal.sawNothing();
        return undefined;
      }),
    extend: (job, leaseMs) => db.write(() => db.run('UPDATE jobs SET lease_until = ? WHERE id = ? AND receipt = ?', clock.now() + leaseMs, job.id, job.receipt) === 1),
    complete: (job) => freeing(() => void db.run('DELETE FROM jobs WHERE id = ? AND receipt = ?', job.id, job.receipt)),
    retry: (job, delayMs) =>
      freeing(() => void db.run('UPDATE jobs SET not_before = ?, lease_until = 0, receipt = NULL WHERE id = ? AND receipt = ?', clock.now() + delayMs, job.id, job.receipt)),
    bury: (job, reason) =>
      freeing(() => {
        if (db.run('DELETE FROM jobs WHERE id = ? AND receipt = ?', job.id, job.receipt) === 0) return;
        const { receipt: _receipt, leaseUntil: _leaseUntil, ...rest } = job;
        const dead: DeadJob = { ...rest, reason, diedAt: clock.now() };
        db.run('INSERT OR REPLACE INTO dead_jobs (id, created_at, doc) VALUES (?, ?, ?)', dead.id, dead.diedAt, JSON.stringify(dead));
      }),
    cancel: (dedupeKey) => freeing(() => db.run('DELETE FROM jobs WHERE dedupe_key = ? AND lease_until <= ?', dedupeKey, clock.now()) === 1),
    dead: async ({ limit, cursor }) => {
      if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) return { items: [] };
      const rows = db.all('SELECT seq, doc FROM dead_jobs WHERE seq < ? ORDER BY seq DESC LIMIT ?', cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor), limit + 1);
      const items = rows.slice(0, limit).map((row) => parse<DeadJob>(row));
      return rows.length > limit ? { items, cursor: String(rows[limit - 1]?.['seq']) } : { items };
    },
    expireDead: (before) => db.write(() => void db.run('DELETE FROM dead_jobs WHERE created_at < ?', before)),
    revive: (id) =>
      freeing(() => {
        const row = db.get('SELECT doc FROM dead_jobs WHERE id = ?', id);
        if (row === undefined) return false;
        const { reason: _reason, diedAt: _diedAt, ...job } = parse<DeadJob>(row);
        db.run('DELETE FROM dead_jobs WHERE id = ?', id);
        // When a job with its key waits already, the two are one.
        add({ ...job, attempts: 0, notBefore: 0 });
        return true;
      }),
    depth: async () => {
      const row = db.get('SELECT COUNT(*) FILTER (WHERE lease_until <= ?1) AS waiting, COUNT(*) FILTER (WHERE lease_until > ?1) AS leased, (SELECT COUNT(*) FROM dead_jobs) AS dead FROM jobs', clock.now());
      return { waiting: Number(row?.['waiting']), leased: Number(row?.['leased']), dead: Number(row?.['dead']) };
    },
    releaseAll: () => freeing(() => void db.run('UPDATE jobs SET lease_until = 0, receipt = NULL WHERE lease_until > 0')),
    wait: signal.wait,
  };
}

/** The job as it was enqueued, with what the queue has changed since. */
const jobOf = (row: Row): Job => ({ ...parse<Job>(row), attempts: Number(row['attempts']), notBefore: Number(row['not_before']) });
