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
const FORGET_EMPTY = 'DELETE FROM projects WHERE NOT EXISTS (SELECT 1 FROM counts WHERE project = number)';

/** As stored. */
const NUMBER: Readonly<Record<StoredResolution, number>> = { minute: 0, hour: 1 };

export type LocalMetricStore = MetricStore & Readonly<{ close(): void }>;

/**
 * Returns the counts in a file, which is opened when it is first used: a platform starts on a full disk. A damaged file
 * is replaced by an empty one whenever it is found to be. What fails for another reason can be called again.
 */
export const openMetricStore = (file: string): LocalMetricStore => new SqliteMetrics(file);

type Statements = ReturnType<typeof prepare>;

class SqliteMetrics implements LocalMetricStore {
  readonly #file: string;
  #opened: Readonly<{ db: DatabaseSync; statements: Statements }> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async add(rows: readonly MetricRow[]): Promise<void> {
    this.#use((statements, db) => {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const row of rows)
          for (const resolution of ['minute', 'hour'] as const) addTo(statements, resolution, row);
        db.exec('COMMIT');
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    });
    await yieldToEvents();
  }

  async range(resolution: StoredResolution, projectId: ProjectId, from: number, to: number) {
    return this.#use(({ range }) =>
      range
        .all(projectId, NUMBER[resolution], stepOf(from, resolution), stepOf(to, resolution))
        .map((row) => ({ at: Number(row['step']) * STEP_MS[resolution], counts: countsIn(row) })),
    );
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
      const steps = [number, NUMBER[resolution], stepOf(from, resolution), stepOf(to, resolution)] as const;
      const sum = this.#use((statements) => sumOf(statements, steps));
      if (sum !== undefined) sums.set(projectId, sum);
      await yieldToEvents();
    }
    return sums;
  }

  async expire(resolution: StoredResolution, before: number): Promise<void> {
    for (const [number] of this.#projects()) {
      this.#use(({ expire }) => expire.run(number, NUMBER[resolution], stepOf(before, resolution)));
      await yieldToEvents();
    }
    this.#use(({ forgetEmpty }) => forgetEmpty.run());
  }

  async removeProject(projectId: ProjectId): Promise<void> {
    this.#use(({ remove, forget }) => {
      remove.run(projectId);
      forget.run(projectId);
    });
  }

  close(): void {
    this.#opened?.db.close();
    this.#opened = undefined;
  }

  #projects(): readonly (readonly [number: number, id: string])[] {
    return this.#use(({ projects }) =>
      projects.all().map((row) => [Number(row['number']), String(row['id'])] as const),
    );
  }

  /** Runs something on the open file; on an empty one when this one is damaged. */
  #use<T>(run: (statements: Statements, db: DatabaseSync) => T): T {
    try {
      return this.#useOnce(run);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.#file}${suffix}`, { force: true });
      return this.#useOnce(run);
    }
  }

  #useOnce<T>(run: (statements: Statements, db: DatabaseSync) => T): T {
    this.#opened ??= opened(this.#file);
    return run(this.#opened.statements, this.#opened.db);
  }
}

function addTo(
  { project, one, put }: Statements,
  resolution: StoredResolution,
  { projectId, at, counts }: MetricRow,
): void {
  const key = [
    Number(project.get(projectId)?.['number']),
    NUMBER[resolution],
    Math.floor(at / STEP_MS[resolution]),
  ] as const;
  const sum = countsIn(one.get(...key));
  addCounts(sum, counts);
  put.run(...key, encodeCounts(sum));
}

/** Returns the sum of some rows; undefined where there are none. */
function sumOf({ sum }: Statements, steps: readonly [number, number, number, number]): RequestCounts | undefined {
  let total: RequestCounts | undefined;
  for (const { counts } of sum.iterate(...steps)) {
    total ??= emptyCounts();
    if (counts instanceof Uint8Array) addEncodedCounts(total, counts);
  }
  return total;
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
  forgetEmpty: db.prepare(FORGET_EMPTY),
});

/** Returns the first step that starts at or after a time. */
const stepOf = (at: number, resolution: StoredResolution): number =>
  Math.min(Math.ceil(at / STEP_MS[resolution]), Number.MAX_SAFE_INTEGER);

const countsIn = (row: Readonly<Record<string, unknown>> | undefined): RequestCounts =>
  row?.['counts'] instanceof Uint8Array ? decodeCounts(row['counts']) : emptyCounts();

/** SQLITE_CORRUPT and SQLITE_NOTADB. Others, such as a full disk or a lock, say nothing of what is stored. */
const DAMAGE = [11, 26];
const isDamage = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && DAMAGE.includes(Number(error.errcode) & 0xff);

const LOCKED_MS = 1_000;

function opened(file: string): Readonly<{ db: DatabaseSync; statements: Statements }> {
  const db = new DatabaseSync(file, { timeout: LOCKED_MS });
  try {
    db.exec(SCHEMA);
    return { db, statements: prepare(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}
