import { addCounts, emptyCounts, summarize, type RequestCounts, type RequestSummary } from './request-counts.ts';
import type { ProjectId } from '../names/id.ts';
import type { Clock } from '../ports/clock.ts';
import type { MetricRow, MetricStore, StoredResolution } from '../ports/metric-store.ts';
import { RecentSeconds } from './recent-seconds.ts';
import { RETENTION_MS, startOf, STEP_MS, type Resolution } from './resolution.ts';

type Step = Readonly<{ at: number; counts: RequestCounts }>;
/** The requests of one step: `at` is its start, in milliseconds since the epoch. */
export type MetricPoint = Readonly<{ at: number }> & RequestSummary;
/** The steps that have requests, oldest first, and their sum. */
export type Series = Readonly<{ points: readonly MetricPoint[]; total: RequestSummary }>;

/**
 * Requests by project and time: the last ten minutes by second in memory, a week by minute and a year by hour in the
 * store. Minutes that are not stored yet are part of every result.
 */
export class RequestMetrics {
  readonly #store: MetricStore;
  readonly #clock: Clock;
  readonly #seconds = new RecentSeconds();
  #minutes = new Map<string, MetricRow>();
  readonly #sinceStart = new Map<ProjectId, RequestCounts>();
  /** What workers still report of these is not counted. */
  readonly #removed = new Set<ProjectId>();
  /** Removed projects whose rows are still stored. */
  readonly #toRemove = new Set<ProjectId>();

  constructor({ metrics, clock }: Readonly<{ metrics: MetricStore; clock: Clock }>) {
    this.#store = metrics;
    this.#clock = clock;
  }

  /** Counts what an edge worker reported of the second that starts at `at`. */
  add(projectId: ProjectId, at: number, counts: RequestCounts): void {
    if (this.#removed.has(projectId)) return;
    this.#seconds.add(projectId, startOf(at, 'second'), counts);
    const minute = startOf(at, 'minute');
    const key = `${projectId} ${minute}`;
    const row = this.#minutes.get(key) ?? { projectId, at: minute, counts: emptyCounts() };
    addCounts(row.counts, counts);
    this.#minutes.set(key, row);
    const total = this.#sinceStart.get(projectId) ?? emptyCounts();
    addCounts(total, counts);
    this.#sinceStart.set(projectId, total);
  }

  /** Stores the minutes that are over, or all. Counts that arrive later are added to the same minute. */
  async flush(all = false): Promise<void> {
    const now = this.#clock.now();
    this.#seconds.prune(now);
    const due = [...this.#minutes].filter(([, { at }]) => all || at + STEP_MS.minute <= now);
    for (const [key] of due) this.#minutes.delete(key);
    for (let start = 0; start < due.length; start += ROWS_AT_ONCE) {
      const rows = due.slice(start, start + ROWS_AT_ONCE).map(([, row]) => row);
      try {
        await this.#store.add(rows.filter(({ projectId }) => !this.#removed.has(projectId)));
      } catch (error) {
        // Such as a full disk: stored with the next ones.
        for (const [key, row] of due.slice(start)) this.#putBack(key, row);
        this.#limitMinutes();
        throw error;
      }
    }
    await this.#removeRows();
  }

  /** Removes what is older than its retention. */
  async expire(): Promise<void> {
    const now = this.#clock.now();
    for (const resolution of ['minute', 'hour'] as const)
      await this.#store.expire(resolution, now - RETENTION_MS[resolution]);
  }

  /** Forgets a project that was removed. Rows that cannot be removed now, such as on a full disk, are removed later. */
  async removeProject(projectId: ProjectId): Promise<void> {
    this.#removed.add(projectId);
    this.#toRemove.add(projectId);
    this.#seconds.remove(projectId);
    this.#sinceStart.delete(projectId);
    for (const [key, row] of this.#minutes) if (row.projectId === projectId) this.#minutes.delete(key);
    await this.#removeRows().catch(() => undefined);
  }

  async #removeRows(): Promise<void> {
    for (const projectId of this.#toRemove) {
      await this.#store.removeProject(projectId);
      this.#toRemove.delete(projectId);
    }
  }

  /** Returns the requests of a project from `from` up to but not including `to`. */
  async series(projectId: ProjectId, step: Resolution, from: number, to: number): Promise<Series> {
    const steps = await this.#steps(projectId, step, from, to);
    const total = emptyCounts();
    for (const { counts } of steps) addCounts(total, counts);
    return {
      points: steps.map(({ at, counts }) => ({ at, ...summarize(counts) })),
      total: summarize(total),
    };
  }

  async #steps(projectId: ProjectId, step: Resolution, from: number, to: number): Promise<readonly Step[]> {
    if (step === 'second') return this.#seconds.range(projectId, from, to);
    const points = new Map<number, RequestCounts>();
    const add = ({ at, counts }: Step): void => {
      const start = startOf(at, step);
      if (start < from || start >= to) return;
      const sum = points.get(start) ?? emptyCounts();
      addCounts(sum, counts);
      points.set(start, sum);
    };
    for (const row of await this.#store.range(step, projectId, from, to)) add(row);
    for (const row of this.#minutes.values()) if (row.projectId === projectId) add(row);
    return [...points].sort(([a], [b]) => a - b).map(([at, counts]) => ({ at, counts }));
  }

  /** Returns the requests of each project that has some since `from`, or of one project. */
  async totals(from: number, only?: ProjectId): Promise<ReadonlyMap<ProjectId, RequestSummary>> {
    const sums = new Map<ProjectId, RequestCounts>();
    const add = (projectId: ProjectId, counts: RequestCounts): void => {
      const sum = sums.get(projectId);
      if (sum === undefined) sums.set(projectId, counts.slice());
      else addCounts(sum, counts);
    };
    for (const part of partsOf(from, this.#clock.now()))
      for (const [id, counts] of await this.#store.totals(part.resolution, part.from, part.to, only)) add(id, counts);
    for (const { projectId, at, counts } of this.#minutes.values())
      if (at + STEP_MS.minute > from && (only === undefined || projectId === only)) add(projectId, counts);
    return new Map([...sums].map(([projectId, counts]) => [projectId, summarize(counts)]));
  }

  /** The sum of each project since this process started, which never falls: for scrapers. */
  sinceStart(): ReadonlyMap<ProjectId, RequestCounts> {
    return this.#sinceStart;
  }

  /** Gives up the oldest of too many minutes: a disk may be full for days. */
  #limitMinutes(): void {
    if (this.#minutes.size <= MAX_MINUTES) return;
    const newest = [...this.#minutes].sort(([, a], [, b]) => b.at - a.at).slice(0, MAX_MINUTES);
    this.#minutes = new Map(newest);
  }

  #putBack(key: string, row: MetricRow): void {
    if (this.#removed.has(row.projectId)) return;
    const meanwhile = this.#minutes.get(key);
    if (meanwhile === undefined) this.#minutes.set(key, row);
    else addCounts(meanwhile.counts, row.counts);
  }
}

/** Rows of one write: some ten milliseconds. */
const ROWS_AT_ONCE = 500;
/** Minutes that wait to be stored, over all projects. Each takes 0.9 kB. */
const MAX_MINUTES = 10_000;

/** Of longer times whole hours are read: 500 projects have five million minutes a week, and 50 seconds' work in them. */
const BY_MINUTE_MS = 6 * STEP_MS.hour;
type Part = Readonly<{ resolution: StoredResolution; from: number; to: number }>;

/** Returns which rows hold the time since `from`, without overlap: a week is its whole hours and the minutes before. */
function partsOf(from: number, now: number): readonly Part[] {
  const to = now + STEP_MS.minute;
  const minute: Part = { resolution: 'minute', from: startOf(from, 'minute'), to };
  if (now - from <= BY_MINUTE_MS) return [minute];
  // Minutes of that time have expired.
  if (now - from > RETENTION_MS.minute) return [{ resolution: 'hour', from: startOf(from, 'hour'), to }];
  const hour = startOf(from + STEP_MS.hour - 1, 'hour');
  return [
    { ...minute, to: hour },
    { resolution: 'hour', from: hour, to },
  ];
}
