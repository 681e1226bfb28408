import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Sync } from './wal-sync.ts';

/** `run` may be called twice, what the first call wrote undone before the second. */
type Pending = Readonly<{ run: () => unknown; resolve: (value: unknown) => void; reject: (error: unknown) => void }>;
type Statements = Readonly<Record<'begin' | 'savepoint' | 'release' | 'undo' | 'rollback' | 'commit', StatementSync>>;
/** What an operation has become: `settle` once the commit is on disk, or `reject` when that can not be had. */
type Outcome = Readonly<{ settle: () => void; reject: (error: unknown) => void }>;

/**
 * The one writer of a database. A commit is worth an answer only when the disk has it, and that takes milliseconds: so
 * operations are committed in groups, the flush runs beside the main thread, and what comes meanwhile is the next
 * group. A burst of a thousand webhooks costs a handful of flushes, and requests are accepted all the while.
 */
export function groupCommit(sqlite: DatabaseSync, sync: Sync) {
  const statements = {
    begin: sqlite.prepare('BEGIN IMMEDIATE'), savepoint: sqlite.prepare('SAVEPOINT one'), release: sqlite.prepare('RELEASE one'),
    undo: sqlite.prepare('ROLLBACK TO one'), rollback: sqlite.prepare('ROLLBACK'), commit: sqlite.prepare('COMMIT'), changes: sqlite.prepare('SELECT total_changes() AS n'),
  };
  let queue: Pending[] = [];
  let flushing: readonly Outcome[] = [];
  let busy = false; // a turn is scheduled, or a flush runs
  let closed = false;
  let broken: Error | undefined;

  const changed = (): number => Number(statements.changes.get()?.['n']);
  const schedule = (): void => {
    busy = true;
    setImmediate(turn);
  };
  const finish = (outcomes: readonly Outcome[], error: Error | null): void => {
    if (error !== null) broken = error;
    for (const outcome of outcomes) {
      if (error === null) outcome.settle();
      else outcome.reject(error);
    }
  };

  /** Commits the queue; true when that left something to flush. */
  const commitQueue = (): boolean => {
    const group = queue;
    queue = [];
    if (group.length === 0) return false;
    const before = changed();
    try {
      if (broken !== undefined) throw broken;
      flushing = commit(sqlite, statements, group);
    } catch (error) {
      if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
      for (const pending of group) pending.reject(error);
      return false;
    }
    if (changed() !== before) return true;
    finish(flushing, null);
    flushing = [];
    return false;
  };

  const turn = (): void => {
    if (closed) return;
    busy = commitQueue();
    if (!busy) return;
    try {
      sync.start(flushed);
    } catch (error) {
      flushed(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const flushed = (error: Error | null): void => {
    const outcomes = flushing;
    flushing = [];
    busy = false;
    // A disk that failed to flush may have dropped the pages: nothing more is taken until a restart reads what is there.
    finish(outcomes, error);
    if (queue.length > 0 && !closed) schedule();
  };

  return {
    add<T>(operation: () => T): Promise<T> {
      if (closed) return Promise.reject(new Error('the database is closed'));
      if (!busy) schedule();
      return new Promise<T>((resolve, reject) => {
        let value: T;
        queue.push({ run: () => (value = operation()), resolve: () => resolve(value), reject });
      });
    },
    /** Commits and flushes all that is queued, now. */
    close(): void {
      if (closed) return;
      closed = true;
      const before = flushing;
      flushing = [];
      let error: Error | null = null;
      try {
        if (commitQueue() || before.length > 0) sync.now();
      } catch (cause) {
        error = cause instanceof Error ? cause : new Error(String(cause));
      }
      finish([...before, ...flushing], error);
      flushing = [];
      sync.close();
    },
  };
}

/**
 * All of the group in one transaction. Nearly always nothing throws: then it needs no savepoints, which cost as much as
 * a write each. When one does, all is undone and done again with them. Throws when nothing of it was committed.
 */
function commit(sqlite: DatabaseSync, statements: Statements, group: readonly Pending[]): readonly Outcome[] {
  const outcomes = together(sqlite, statements, group) ?? oneByOne(sqlite, statements, group);
  statements.commit.run();
  return outcomes;
}

/** Undefined, with everything undone, when one throws. */
function together(sqlite: DatabaseSync, statements: Statements, group: readonly Pending[]): readonly Outcome[] | undefined {
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
      // A full disk or a failed read makes SQLite undo the whole transaction: then nobody's write happened.
      if (!sqlite.isTransaction) throw error;
      statements.undo.run();
      outcomes.push({ settle: () => reject(error), reject });
    }
    statements.release.run();
  }
  return outcomes;
}
