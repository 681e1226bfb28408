import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { STEP_MS } from '@anchor/core/metrics/resolution.ts';
import { parseId, type ProjectId } from '@anchor/core/names/id.ts';
import type { MetricRow, MetricStore, StoredResolution } from '@anchor/core/ports/metric-store.ts';
import {
  addCounts,
  addEncodedCounts,
  decodeCounts,
  emptyCounts,
  encodeCounts,
  type RequestCounts,
} from '@anchor/core/metrics/request-counts.ts';

/**
 * A file of its own: a week of 500 busy projects is half a gigabyte, which no start should check and no backup needs.
 * A power failure may cost the last minutes, and a damaged file is replaced by an empty one.
 */
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -1024;
  PRAGMA journal_size_limit = 4194304;
  CREATE TABLE IF NOT EXISTS projects (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS counts (
    project INTEGER NOT NULL, resolution INTEGER NOT NULL, step INTEGER NOT NULL, counts BLOB NOT NULL,
    PRIMARY KEY (project, resolution, step)) WITHOUT ROWID;`;
const PROJECT = 'INSERT INTO projects (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET id = id RETURNING number';
const PROJECTS = 'SELECT number, id FROM projects';
const ONE = 'SELECT counts FROM counts WHERE project = ? AND resolution = ? AND step = ?';
const PUT = 'INSERT OR REPLACE INTO counts (project, resolution, step, counts) VALUES (?, ?, ?, ?)';
const RANGE = `SELECT step, counts FROM counts
  WHERE project = (SELECT number FROM projects WHERE id = ?) AND resolution = ? AND step >= ? AND step < ? ORDER BY step`;
const SUM = 'SELECT counts FROM counts WHERE project = ? AND resolution = ? AND step >= ? AND step < ?';
const EXPIRE = 'DELETE FROM counts WHERE project = ? AND resolution = ? AND step < ?';
const REMOVE = 'DELETE FROM counts WHERE project = (SELECT number FROM projects WHERE id = ?)';
const FORGET = 'DELETE FROM projects WHERE id = ?';

/** As stored. */
const NUMBER: Readonly<Record<StoredResolution, number>> = { minute: 0, hour: 1 };

export type LocalMetricStore = MetricStore & Readonly<{ close(): void }>;

/** Opens the counts in a file, or a new file where this one is damaged. */
export const openMetricStore = (file: string): LocalMetricStore => new SqliteMetrics(open(file));

class SqliteMetrics implements LocalMetricStore {
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepare(db);
  }

  async add(rows: readonly MetricRow[]): Promise<void> {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const row of rows) for (const resolution of ['minute', 'hour'] as const) this.#addTo(resolution, row);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  async range(resolution: StoredResolution, projectId: ProjectId, from: number, to: number) {
    return this.#statements.range
      .all(projectId, NUMBER[resolution], stepOf(from, resolution), stepOf(to, resolution))
      .map((row) => ({ at: Number(row['step']) * STEP_MS[resolution], counts: countsIn(row) }));
  }

  async totals(
    resolution: StoredResolution,
    from: number,
    to: number,
    only?: ProjectId,
  ): Promise<ReadonlyMap<ProjectId, RequestCounts>> {
    const sums = new Map<ProjectId, RequestCounts>();
    for (const [number, id] of this.#projects()) {
      const projectId = parseId('prj', id);
      if (projectId === undefined || (only !== undefined && projectId !== only)) continue;
      const sum = emptyCounts();
      let found = false;
      const steps = [number, NUMBER[resolution], stepOf(from, resolution), stepOf(to, resolution)] as const;
      for (const { counts } of this.#statements.sum.iterate(...steps)) {
        if (counts instanceof Uint8Array) addEncodedCounts(sum, counts);
        found = true;
      }
      if (found) sums.set(projectId, sum);
      await yieldToEvents();
    }
    return sums;
  }

  async expire(resolution: StoredResolution, before: number): Promise<void> {
    for (const [number] of this.#projects())
      this.#statements.expire.run(number, NUMBER[resolution], stepOf(before, resolution));
  }

  async removeProject(projectId: ProjectId): Promise<void> {
    this.#statements.remove.run(projectId);
    this.#statements.forget.run(projectId);
  }

  close(): void {
    this.#db.close();
  }

  #addTo(resolution: StoredResolution, { projectId, at, counts }: MetricRow): void {
    const { project, one, put } = this.#statements;
    const key = [
      Number(project.get(projectId)?.['number']),
      NUMBER[resolution],
      Math.floor(at / STEP_MS[resolution]),
    ] as const;
    const sum = countsIn(one.get(...key));
    addCounts(sum, counts);
    put.run(...key, encodeCounts(sum));
  }

  #projects(): readonly (readonly [number: number, id: string])[] {
    return this.#statements.projects.all().map((row) => [Number(row['number']), String(row['id'])]);
  }
}

const prepare = (db: DatabaseSync) => ({
  project: db.prepare(PROJECT),
  projects: db.prepare(PROJECTS),
  one: db.prepare(ONE),
  put: db.prepare(PUT),
  range: db.prepare(RANGE),
  sum: db.prepare(SUM),
  expire: db.prepare(EXPIRE),
  remove: db.prepare(REMOVE),
  forget: db.prepare(FORGET),
});

/** Returns the first step that starts at or after a time. */
const stepOf = (at: number, resolution: StoredResolution): number =>
  Math.min(Math.ceil(at / STEP_MS[resolution]), Number.MAX_SAFE_INTEGER);

const countsIn = (row: Readonly<Record<string, unknown>> | undefined): RequestCounts =>
  row?.['counts'] instanceof Uint8Array ? decodeCounts(row['counts']) : emptyCounts();

function open(file: string): DatabaseSync {
  try {
    return opened(file);
  } catch {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    return opened(file);
  }
}

function opened(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
