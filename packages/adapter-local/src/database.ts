import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { groupCommit } from './group-commit.ts';
import { migrate } from './migrations.ts';
import { walSync } from './wal-sync.ts';

export type Row = Record<string, SQLOutputValue>;

/** One SQLite file. Reads are synchronous and see what is committed; writes are grouped into shared transactions. */
export type Database = Readonly<{
  file: string;
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): readonly Row[];
  /** Runs one statement and answers how many rows it changed. Only inside `write`. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /**
   * Queues `operation` for the next commit and resolves with its value once that commit is on disk. Operations of the
   * same turn of the event loop share one transaction; one that throws is undone alone and rejects alone, and
   * makes those beside it run a second time: an operation writes to the database and to nothing else.
   */
  write<T>(operation: () => T): Promise<T>;
  /** A number that changes when another connection or process has committed. */
  dataVersion(): number;
  /** Commits what is queued, then closes. */
  close(): void;
}>;

export type OpenOptions = Readonly<{
  /** Never writes and never creates; the schema must be there. */
  readOnly?: boolean;
}>;

/** Opens (and creates or migrates, unless read-only) the database. Refused: a schema newer than this code, a file that is not a database. */
export function openDatabase(file: string, options: OpenOptions = {}): Result<Database> {
  const readOnly = options.readOnly === true;
  let sqlite: DatabaseSync | undefined;
  try {
    if (!readOnly) createPrivately(file);
    // A reader only ever waits for recovery after a crash, and an edge must not stand still for it.
    sqlite = new DatabaseSync(file, { readOnly, timeout: readOnly ? 200 : 5000 });
    if (!readOnly) {
      // NORMAL, because group-commit.ts flushes every commit itself before it answers.
      sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;');
    }
    const migrated = migrate(sqlite, readOnly);
    if (!migrated.ok) {
      sqlite.close();
      return migrated;
    }
  } catch (cause) {
    sqlite?.close();
    return fail('internal', `the database ${file} can not be opened`, 'Check that the file is readable and on a local disk with free space; restore a backup when it is damaged.', String(cause));
  }
  return ok(databaseOver(sqlite, file));
}

/** Only the platform's own user may read tokens' hashes and sealed values; SQLite gives -wal and -shm the same mode. */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
}

function databaseOver(sqlite: DatabaseSync, file: string): Database {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = sqlite.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  const writer = groupCommit(sqlite, walSync(file));
  return {
    file,
    get: (sql, ...values) => prepared(sql).get(...values),
    all: (sql, ...values) => prepared(sql).all(...values),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    write: (operation) => writer.add(operation),
    dataVersion: () => Number(prepared('PRAGMA data_version').get()?.['data_version']),
    close: () => {
      if (!sqlite.isOpen) return;
      writer.close();
      statements.clear();
      sqlite.close();
    },
  };
}
