import type { DatabaseSync } from 'node:sqlite';

type Pending = Readonly<{ run: () => unknown; resolve: (value: unknown) => void; reject: (error: unknown) => void }>;
type Settle = () => void;

/**
 * The one writer of a database. Every commit costs an fsync, so all operations queued in one turn of the event loop
 * share one: a burst of a thousand webhooks costs a handful. While the disk works, the next group gathers in the kernel's
 * socket buffers.
 */
export function groupCommit(sqlite: DatabaseSync) {
  let queue: Pending[] = [];
  let closed = false;

  const flush = (): void => {
    const group = queue;
    queue = [];
    if (group.length === 0) return;
    let settled: readonly Settle[];
    try {
      settled = commit(sqlite, group);
    } catch (error) {
      if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
      settled = group.map((pending) => () => pending.reject(error));
    }
    for (const settle of settled) settle();
  };

  return {
    add<T>(operation: () => T): Promise<T> {
      if (closed) return Promise.reject(new Error('the database is closed'));
      if (queue.length === 0) setImmediate(flush);
      return new Promise<T>((resolve, reject) => {
        let value: T;
        queue.push({ run: () => (value = operation()), resolve: () => resolve(value), reject });
      });
    },
    close(): void {
      closed = true;
      flush();
    },
  };
}

/** All of the group in one transaction; what each has become once it is durable. Throws when nothing of it is. */
function commit(sqlite: DatabaseSync, group: readonly Pending[]): readonly Settle[] {
  const settled: Settle[] = [];
  sqlite.exec('BEGIN IMMEDIATE');
  for (const pending of group) {
    sqlite.exec('SAVEPOINT one');
    try {
      const value = pending.run();
      settled.push(() => pending.resolve(value));
    } catch (error) {
      // A full disk or a failed read makes SQLite undo the whole transaction: then nobody's write happened.
      if (!sqlite.isTransaction) throw error;
      sqlite.exec('ROLLBACK TO one');
      settled.push(() => pending.reject(error));
    }
    sqlite.exec('RELEASE one');
  }
  sqlite.exec('COMMIT');
  return settled;
}
