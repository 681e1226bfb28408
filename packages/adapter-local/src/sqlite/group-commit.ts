import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Sync } from './wal-sync.ts';

/** `run` may be called twice, what the first call wrote undone before the second. */
type Pending = Readonly<{ run: () => unknown; resolve: (value: unknown) => void; reject: (error: unknown) => void }>;
type Statements = Readonly<Record<'begin' | 'savepoint' | 'release' | 'undo' | 'rollback' | 'commit', StatementSync>>;
/** The outcome of an operation: `settle` once the commit is on disk, or `reject` when it failed. */
type Outcome = Readonly<{ settle: () => void; reject: (error: unknown) => void }>;

/**
 * Creates the one writer of a database. A commit may be acknowledged only when it is on disk, which takes milliseconds.
 * So operations are committed in groups, the flush runs beside the main thread, and operations that arrive meanwhile
 * form the next group. A burst of a thousand webhooks costs a handful of flushes, and requests are accepted all the
 * while.
 */
export class GroupCommit {
  readonly #sqlite: DatabaseSync;
  readonly #sync: Sync;
  readonly #statements: Statements;
  readonly #changes: StatementSync;
  #queue: Pending[] = [];
  #flushing: readonly Outcome[] = [];
  #busy = false; // a turn is scheduled, or a flush runs
  #closed = false;
  #broken: Error | undefined;

  constructor(sqlite: DatabaseSync, sync: Sync) {
    this.#sqlite = sqlite;
    this.#sync = sync;
    this.#statements = {
      begin: sqlite.prepare('BEGIN IMMEDIATE'),
      savepoint: sqlite.prepare('SAVEPOINT one'),
      release: sqlite.prepare('RELEASE one'),
      undo: sqlite.prepare('ROLLBACK TO one'),
      rollback: sqlite.prepare('ROLLBACK'),
      commit: sqlite.prepare('COMMIT'),
    };
    this.#changes = sqlite.prepare('SELECT total_changes() AS n');
  }

  add<T>(operation: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the database is closed'));
    if (!this.#busy) this.#schedule();
    return new Promise<T>((resolve, reject) => {
      let value: T;
      this.#queue.push({ run: () => (value = operation()), resolve: () => resolve(value), reject });
    });
  }

  /** Commits and flushes everything queued, now. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const before = this.#flushing;
    this.#flushing = [];
    let error: Error | null = null;
    try {
      if (this.#commitQueue() || before.length > 0) this.#sync.now();
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause));
    }
    this.#finish([...before, ...this.#flushing], error);
    this.#flushing = [];
    this.#sync.close();
  }

  #schedule(): void {
    this.#busy = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    if (this.#closed) return;
    this.#busy = this.#commitQueue();
    if (!this.#busy) return;
    const flushed = (error: Error | null): void => this.#flushed(error);
    try {
      this.#sync.start(flushed);
    } catch (error) {
      flushed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Commits the queue. Returns true when that left something to flush. */
  #commitQueue(): boolean {
    const group = this.#queue;
    this.#queue = [];
    if (group.length === 0) return false;
    const before = this.#changed();
    try {
      if (this.#broken !== undefined) throw this.#broken;
      this.#flushing = commit(this.#sqlite, this.#statements, group);
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
      for (const pending of group) pending.reject(error);
      return false;
    }
    if (this.#changed() !== before) return true;
    this.#finish(this.#flushing, null);
    this.#flushing = [];
    return false;
  }

  #changed(): number {
    return Number(this.#changes.get()?.['n']);
  }

  #flushed(error: Error | null): void {
    const outcomes = this.#flushing;
    this.#flushing = [];
    this.#busy = false;
    // A disk that failed to flush may have dropped the pages: nothing more is taken until a restart reads what is
    // there.
    this.#finish(outcomes, error);
    if (this.#queue.length > 0 && !this.#closed) this.#schedule();
  }

  #finish(outcomes: readonly Outcome[], error: Error | null): void {
    if (error !== null) this.#broken = error;
    for (const outcome of outcomes) {
      if (error === null) outcome.settle();
      else outcome.reject(error);
    }
  }
}

/**
 * Commits the group in one transaction. Nearly always nothing throws: then it needs no savepoints, each of which costs
 * as much as a write. When an operation throws, all is undone and repeated with savepoints. Throws when nothing of it
 * was committed.
 */
function commit(sqlite: DatabaseSync, statements: Statements, group: readonly Pending[]): readonly Outcome[] {
  const outcomes = together(sqlite, statements, group) ?? oneByOne(sqlite, statements, group);
  statements.commit.run();
  return outcomes;
}

/** Returns undefined, with everything undone, when one throws. */
function together(
  sqlite: DatabaseSync,
  statements: Statements,
  group: readonly Pending[],
): readonly Outcome[] | undefined {
  const outcomes: Outcome[] = [];
  statements.begin.run();
  try {
    for (const { run, resolve, reject } of group) {
      const value = run();
      outcomes.push({ settle: () => resolve(value), reject });
    }
    return outcomes;
  } catch {
    if (sqlite.isTransaction) statements.rollback.run();
    return undefined;
  }
}

function oneByOne(sqlite: DatabaseSync, statements: Statements, group: readonly Pending[]): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  statements.begin.run();
  for (const { run, resolve, reject } of group) {
    statements.savepoint.run();
    try {
      const value = run();
      outcomes.push({ settle: () => resolve(value), reject });
    } catch (error) {
      // A full disk or a failed read makes SQLite undo the whole transaction: then none of the writes happened.
      if (!sqlite.isTransaction) throw error;
      statements.undo.run();
      outcomes.push({ settle: () => reject(error), reject });
    }
    statements.release.run();
  }
  return outcomes;
}
